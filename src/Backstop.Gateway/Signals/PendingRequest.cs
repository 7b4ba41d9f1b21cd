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

    /// <summary>When a label comes too late.</summary>
    internal DateTimeOffset Until { get; set; }

    /// <summary>What to keep of the request if it turns out to have failed; null unless the alias opted in.</summary>
    internal FailureSample? Sample { get; set; }
}

/// <summary>A failing request as it may be stored: redacted before it got here.</summary>
/// <param name="Messages">The conversation as an OpenAI messages array.</param>
internal sealed record FailureSample(string Messages, string Answer, bool Attack);
