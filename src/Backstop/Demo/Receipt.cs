namespace Backstop.Demo;

/// <summary>What one user really received.</summary>
/// <param name="RequestId">Shared with the model servers' own record of the answer.</param>
/// <param name="SentAt">When the request left.</param>
/// <param name="Status">HTTP status, or 0 when no answer came.</param>
/// <param name="Release">The release named in the answer's header, if any.</param>
/// <param name="Text">The text delivered, whole.</param>
/// <param name="Filtered">Whether the ring withheld the answer, or refused the question.</param>
/// <param name="Attack">Whether the question was an attack.</param>
/// <param name="Correct">Whether the answer was right; null when it could not be checked.</param>
/// <param name="Latency">From sending to the last byte.</param>
internal sealed record Receipt(
    string RequestId,
    DateTimeOffset SentAt,
    int Status,
    string? Release,
    string Text,
    bool Filtered,
    bool Attack,
    bool? Correct,
    TimeSpan Latency)
{
    /// <summary>Whether the application was broken when it sent it.</summary>
    public bool Faulty { get; init; }
}
