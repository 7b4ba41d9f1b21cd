using System.Collections.Immutable;
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

    /// <inheritdoc cref="Route.Previous"/>
    public string? Previous { get; init; }

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
        Previous = Previous,
        HoldbackBasisPoints = HoldbackBasisPoints,
        Salt = Salt,
        CandidateLease = CandidateLease,
        LabelDeadline = LabelDeadline,
        CaptureSamples = CaptureSamples,
        Traffic = Traffic,
    };

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
