namespace Backstop.Core.Incidents;

/// <summary>When things happened, by one clock. Never one number: what took long is in the parts.</summary>
/// <param name="Onset">The first request on the release under suspicion.</param>
/// <param name="Detected">The batch arrived that crossed the threshold.</param>
/// <param name="Decided">The rollback was decided.</param>
/// <param name="Swapped">The swap was durable.</param>
/// <param name="Converged">The last gateway acknowledged it.</param>
/// <param name="Verified">The release had got no new request for the window.</param>
public sealed record Timeline(
    DateTimeOffset? Onset = null,
    DateTimeOffset? Detected = null,
    DateTimeOffset? Decided = null,
    DateTimeOffset? Swapped = null,
    DateTimeOffset? Converged = null,
    DateTimeOffset? Verified = null)
{
    /// <summary>The measured segments, in order; null where an end is missing.</summary>
    public Segments Measured() => new(
        Detected - Onset, Decided - Detected, Swapped - Decided, Converged - Swapped, Verified - Converged);

    /// <summary>This timeline with what the other one knows beyond it.</summary>
    public Timeline With(Timeline other) => new(
        other.Onset ?? Onset,
        other.Detected ?? Detected,
        other.Decided ?? Decided,
        other.Swapped ?? Swapped,
        other.Converged ?? Converged,
        other.Verified ?? Verified);
}

/// <summary>How long each part took; null where it is not over.</summary>
public sealed record Segments(
    TimeSpan? OnsetToDetected,
    TimeSpan? DetectedToDecided,
    TimeSpan? DecidedToSwapped,
    TimeSpan? SwappedToConverged,
    TimeSpan? ConvergedToVerified);
