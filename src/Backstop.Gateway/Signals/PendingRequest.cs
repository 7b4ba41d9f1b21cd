using System.Runtime.InteropServices;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Signals;

/// <summary>A request between its assignment and its label; the default value is none.</summary>
/// <remarks>
/// It names a place of the recorder for one turn. Places are used again, so that observing leaves nothing to the garbage
/// collector; who comes with the turn of a request that is settled changes nothing.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PendingRequest
{
    internal PendingRequest(PendingPlace place) => (Place, Turn) = (place, place.Turn);

    /// <summary>Whether no request was assigned.</summary>
    public bool IsNone => Place is null;

    internal PendingPlace? Place { get; }

    internal int Turn { get; }

    /// <summary>Whether the place is still this request's.</summary>
    internal bool IsCurrent => Place?.Turn == Turn;
}

/// <summary>What is known of the request that has this place.</summary>
internal sealed class PendingPlace
{
    /// <summary>Rises when a request is settled.</summary>
    public int Turn { get; set; }

    public RequestKey Key { get; set; }

    /// <summary>Its id, where a sample of it may be kept.</summary>
    public string? Id { get; set; }

    public Route Route { get; set; } = null!;

    /// <summary>The arm and release it was assigned to, whoever answers in the end.</summary>
    public Assignment Assignment { get; set; }

    /// <summary>False when the request is no evidence: the candidate's lease had run out, so the planned shares did not hold.</summary>
    public bool IsEvidence { get; set; }

    public EpochLedger.Ticket Ticket { get; } = new();

    /// <summary>Whether its answer was delivered and it waits for its label.</summary>
    public bool IsDelivered { get; set; }

    /// <summary>A label that came while the answer was still on its way; it counts once the answer has.</summary>
    public Label? Early { get; set; }

    /// <summary>Whether its label came; it may still be scored.</summary>
    public bool IsLabelled { get; set; }

    /// <summary>Which of the alias's signals were given, by bit.</summary>
    public int Scored { get; set; }

    /// <summary>Scores that came while the answer was still on its way.</summary>
    public List<(string Name, int Step)>? EarlyScores { get; set; }

    /// <summary>What to keep of the request if it turns out to have failed; null unless the alias opted in.</summary>
    public FailureSample? Sample { get; set; }
}

/// <summary>What a caller said about an answer.</summary>
/// <param name="Expected">What would have been right, if the caller knows.</param>
internal sealed record Label(bool Correct, string? Expected);

/// <summary>A failing request as it may be stored: redacted before it got here.</summary>
/// <param name="Messages">The conversation as an OpenAI messages array.</param>
internal sealed record FailureSample(string Messages, string Answer, bool Attack);
