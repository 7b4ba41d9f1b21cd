using Backstop.Core.Registry;

namespace Backstop.Core.Routing;

/// <summary>What a gateway must know about one alias to serve it: the alias row, without its history.</summary>
/// <remarks>
/// The split is a pure function of the unit's hash: candidates take points from the bottom of the range, the holdback
/// from the top, so raising a weight only ever moves units towards the arm that grew.
/// </remarks>
public sealed record Route
{
    /// <summary>Basis points in a whole: 100 %.</summary>
    public const int Whole = 10_000;

    public required string Alias { get; init; }

    /// <summary>Rises only when a store was restored from backup.</summary>
    public required long Epoch { get; init; }

    /// <summary>Count of the alias's swaps; only rises.</summary>
    public required long Generation { get; init; }

    /// <summary>Digest of the release served.</summary>
    public required string Current { get; init; }

    /// <summary>Digest of the release being exposed, if any.</summary>
    public string? Candidate { get; init; }

    /// <summary>Share of the candidate arm, 0 to 10,000.</summary>
    public int CandidateBasisPoints { get; init; }

    /// <summary>Share of the requests that are copied to the candidate, 0 to 10,000; no user sees the copies' answers.</summary>
    public int ShadowBasisPoints { get; init; }

    /// <summary>Digest of the release to return to, kept warm.</summary>
    public string? Previous { get; init; }

    /// <summary>Share of the holdback arm, 0 to 10,000.</summary>
    public int HoldbackBasisPoints { get; init; }

    /// <summary>Makes the assignment of one rollout independent of the last one's.</summary>
    public required string Salt { get; init; }

    /// <summary>How long a gateway may go on exposing the candidate without a renewal. 10 s by default.</summary>
    public TimeSpan CandidateLease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request may wait for its label before it counts as unlabelled.</summary>
    public TimeSpan LabelDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether redacted samples of failing requests may be kept for the incident. Off unless the alias opts in.</summary>
    public bool CaptureSamples { get; init; }

    /// <summary>How the traffic is treated, whichever release answers.</summary>
    public TrafficPolicy Traffic { get; init; } = TrafficPolicy.Default;

    /// <summary>Share of the baseline arm: what candidate, holdback and named variants leave of the whole.</summary>
    public double BaselineBasisPoints =>
        (Whole - CandidateBasisPoints - HoldbackBasisPoints) * (1 - (Traffic.Variants.Sum(v => v.BasisPoints) / (double)Whole));

    /// <summary>Draws the arm of one unit.</summary>
    /// <param name="unit">The key that is assigned: a user, a conversation, or the request itself.</param>
    /// <param name="leaseIsLive">False when the candidate's lease ran out: the candidate then has no share.</param>
    public Assignment Assign(ReadOnlySpan<char> unit, bool leaseIsLive)
    {
        var hash = StableHash.Of(Salt, unit);
        var point = (int)(hash % Whole);
        if (Candidate is not null && leaseIsLive && point < CandidateBasisPoints)
        {
            return new(Arm.Candidate, Candidate);
        }

        return Previous is not null && point >= Whole - HoldbackBasisPoints
            ? new(Arm.Holdback, Previous)
            : VariantOf(unit) is { } variant ? new(Arm.Baseline, variant.Release, variant.Name)
            : new(Arm.Baseline, Current) { IsFirstHalf = hash >> 63 == 1, BaselineUnit = hash };
    }

    // A second draw, so that neither kind of share moves with the other; again one arm from each end of the range.
    private Variant? VariantOf(ReadOnlySpan<char> unit)
    {
        if (Traffic.Variants.IsEmpty)
        {
            return null;
        }

        var point = (int)(StableHash.Of("variants", unit) % Whole);
        return point < Traffic.Variants[0].BasisPoints ? Traffic.Variants[0]
            : Traffic.Variants.Length > 1 && point >= Whole - Traffic.Variants[1].BasisPoints ? Traffic.Variants[1]
            : null;
    }

    /// <summary>Whether this route replaces <paramref name="other"/>: a higher (epoch, generation), never an equal or lower one.</summary>
    public bool IsNewerThan(Route other) =>
        Epoch > other.Epoch || (Epoch == other.Epoch && Generation > other.Generation);

    /// <summary>The digests a gateway must hold ready for this route.</summary>
    public IEnumerable<string> Releases() =>
        ((string?[])[Current, Candidate, Previous]).OfType<string>().Concat(Traffic.Releases()).Distinct(StringComparer.Ordinal);
}

/// <summary>The arm a unit was assigned to and the digest of the release that serves it.</summary>
/// <param name="Variant">The named arm that was cut out of the baseline for it, if any. It is no evidence about a rollout.</param>
public readonly record struct Assignment(Arm Arm, string Release, string? Variant = null)
{
    /// <summary>Whether the unit is in the first half of the baseline: the halves differ in nothing, and are compared to measure false alarms.</summary>
    public bool IsFirstHalf { get; init; }

    /// <summary>A hash of the unit, where it is in the baseline: how many different ones there are is counted by it. 0 elsewhere.</summary>
    public ulong BaselineUnit { get; init; }
}
