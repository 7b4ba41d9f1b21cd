using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Signals;

/// <summary>A request between its assignment and its label.</summary>
public sealed class PendingRequest
{
    public required string Id { get; init; }

    public required Route Route { get; init; }

    /// <summary>The arm and release it was assigned to, whoever answers in the end.</summary>
    public required Assignment Assignment { get; init; }

    /// <summary>Null when the request is no evidence: the candidate's lease had run out, so the planned shares did not hold.</summary>
    internal EpochLedger.Ticket? Ticket { get; init; }

    /// <summary>How far it is.</summary>
    internal PendingState State { get; set; }

    /// <summary>A label that came while the answer was still on its way; it counts once the answer has.</summary>
    internal Label? Early { get; set; }

    /// <summary>When a label comes too late.</summary>
    internal DateTimeOffset Until { get; set; }

    /// <summary>What to keep of the request if it turns out to have failed; null unless the alias opted in.</summary>
    internal FailureSample? Sample { get; set; }
}

internal enum PendingState
{
    /// <summary>Being answered.</summary>
    Open,

    /// <summary>Delivered; waits for its label.</summary>
    Delivered,

    /// <summary>Nothing more can come.</summary>
    Settled,
}

/// <summary>What a caller said about an answer.</summary>
/// <param name="Expected">What would have been right, if the caller knows.</param>
internal sealed record Label(bool Correct, string? Expected);

/// <summary>A failing request as it may be stored: redacted before it got here.</summary>
/// <param name="Messages">The conversation as an OpenAI messages array.</param>
internal sealed record FailureSample(string Messages, string Answer, bool Attack);
