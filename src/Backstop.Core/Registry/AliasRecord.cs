using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Gates;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Core.Registry;

/// <summary>The one row that decides all traffic of an alias.</summary>
public sealed record AliasRecord
{
    /// <summary>What applications call, such as <c>assistant:prod</c>.</summary>
    public required string Name { get; init; }

    /// <inheritdoc cref="Route.Epoch"/>
    public long Epoch { get; init; } = 1;

    /// <inheritdoc cref="Route.Generation"/>
    public long Generation { get; init; } = 1;

    /// <inheritdoc cref="Route.Current"/>
    public required string Current { get; init; }

    /// <inheritdoc cref="Route.Candidate"/>
    public string? Candidate { get; init; }

    /// <inheritdoc cref="Route.CandidateBasisPoints"/>
    public int CandidateBasisPoints { get; init; }

    /// <summary>Share of the requests that are copied to the candidate without anybody seeing its answer, in basis points, 0 to 10,000.</summary>
    public int ShadowBasisPoints { get; init; }

    /// <inheritdoc cref="Route.Previous"/>
    public string? Previous { get; init; }

    /// <summary>
    /// While <see cref="Current"/> is not verified yet: the last release that was, by a bake that ended well or by a person. Null when current is it.
    /// </summary>
    public string? LastVerified { get; init; }

    /// <summary>When evidence last took a promoted release back here; another automatic rollback has to keep its distance.</summary>
    public DateTimeOffset? RolledBackAt { get; init; }

    /// <summary>The last rehearsal of a rollback, under way or over; null when there was none.</summary>
    public Drill? Drill { get; init; }

    /// <summary>How old a passed drill may be for a rollout to begin; null when none is asked for.</summary>
    public TimeSpan? DrillEvery { get; init; }

    /// <summary>Suites of files that a release must have passed before it comes near the users of this alias.</summary>
    public ImmutableArray<RequiredGate> RequiredGates { get; init; } = [];

    /// <summary>Share that drills rehearse which begin by themselves, in basis points; null when only people begin them.</summary>
    public int? DrillBasisPoints { get; init; }

    /// <summary>A person's word that current stays what it is, or null. Automation never goes past it.</summary>
    public AliasPin? Pin { get; init; }

    /// <summary>When no exposure may rise here. They never hold back anything that lowers it.</summary>
    public ImmutableArray<FreezeWindow> Freezes { get; init; } = [];

    /// <summary>What evidence about its rollouts is judged by, where a rollout does not say otherwise; null for the default.</summary>
    public EvidencePlan? Monitor { get; init; }

    /// <inheritdoc cref="Route.HoldbackBasisPoints"/>
    public int HoldbackBasisPoints { get; init; }

    /// <inheritdoc cref="Route.Salt"/>
    public required string Salt { get; init; }

    /// <inheritdoc cref="Route.CandidateLease"/>
    public TimeSpan CandidateLease { get; init; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc cref="Route.LabelDeadline"/>
    public TimeSpan LabelDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc cref="Route.CaptureSamples"/>
    public bool CaptureSamples { get; init; }

    /// <inheritdoc cref="Route.Traffic"/>
    public TrafficPolicy Traffic { get; init; } = TrafficPolicy.Default;

    /// <summary>What lies over <see cref="Traffic"/> for a while, oldest first.</summary>
    public ImmutableArray<Overlay> Mitigations { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>What is kept warm here beside current and previous.</summary>
    public ImmutableArray<KeptWarm> KeptWarm { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Digests that were rolled back here and may not return without a new approval.</summary>
    public ImmutableSortedSet<string> Quarantined { get; init; } = ImmutableSortedSet<string>.Empty;

    /// <summary>What gateways are told.</summary>
    public Route ToRoute() => new()
    {
        Alias = Name,
        Epoch = Epoch,
        Generation = Generation,
        Current = Current,
        Candidate = Candidate,
        CandidateBasisPoints = CandidateBasisPoints,
        ShadowBasisPoints = ShadowBasisPoints,
        Previous = Previous,
        HoldbackBasisPoints = HoldbackBasisPoints,
        Salt = Salt,
        CandidateLease = CandidateLease,
        LabelDeadline = LabelDeadline,
        CaptureSamples = CaptureSamples,
        Traffic = Overlay.Over(Traffic, Mitigations),
    };

    /// <summary>
    /// Digests of the releases that must be ready: whatever serves, may be returned or fallen back to, comes back when a mitigation ends, or is
    /// to be kept warm.
    /// </summary>
    public IEnumerable<string> Needs() => ((string?[])[LastVerified, Drill?.Previous]).OfType<string>()
        .Concat(ToRoute().Releases()).Concat(Traffic.Releases()).Concat(KeptWarm.Select(k => k.Release)).Distinct(StringComparer.Ordinal);

    /// <summary>What a candidate would be taken back to once it is current: the last release verified here, else the fallback, else nothing.</summary>
    public string? ReturnsTo(string candidate, string? fallback)
    {
        var verified = LastVerified ?? Current;
        return verified != candidate && !Quarantined.Contains(verified) ? verified
            : fallback != candidate && fallback is not null && !Quarantined.Contains(fallback) ? fallback
            : null;
    }

    /// <summary>Applies a change if nobody moved first.</summary>
    /// <param name="change">What to change.</param>
    /// <param name="expected">The generation the caller decided on.</param>
    public SwapResult Apply(AliasChange change, long expected) =>
        expected != Generation ? new SwapResult.Stale(Generation) : change.ApplyTo(this);
}

/// <summary>What became of a change.</summary>
public abstract record SwapResult
{
    private SwapResult()
    {
    }

    /// <summary>The new row, one generation higher.</summary>
    public sealed record Swapped(AliasRecord Alias) : SwapResult;

    /// <summary>Someone moved first. Read again, decide again.</summary>
    public sealed record Stale(long Actual) : SwapResult;

    /// <summary>The change may not be made; the text says why and what to do.</summary>
    public sealed record Refused(string Reason) : SwapResult;
}
