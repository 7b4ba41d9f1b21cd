using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>Proof that a gate would have stopped the incident: the finished gate, run afresh on both releases.</summary>
/// <param name="BadRelease">Digest of the release that caused the incident.</param>
/// <param name="GoodRelease">Digest of the release that was returned to.</param>
/// <param name="Bad">What the bad release did.</param>
/// <param name="Good">What the good release did.</param>
/// <param name="BlocksBad">Whether the gate stopped the bad release.</param>
/// <param name="PassesGood">Whether the gate let the good release through.</param>
/// <param name="Power">Computed, not counted: see <see cref="Gate.Power"/>.</param>
/// <param name="FalseBlock">Computed, not counted: see <see cref="Gate.FalseBlock"/>.</param>
/// <param name="CasesDigest">SHA-256 of the cases, so that changed cases make the proof void.</param>
/// <param name="At">When it was run.</param>
public sealed record Certificate(
    string BadRelease,
    string GoodRelease,
    RunCounts Bad,
    RunCounts Good,
    bool BlocksBad,
    bool PassesGood,
    double Power,
    double FalseBlock,
    string CasesDigest,
    DateTimeOffset At)
{
    /// <summary>Earlier releases of the alias that were good: no gate may stop what once served well. Empty when none was left.</summary>
    public ImmutableArray<GoodRelease> OtherGoods { get; init; } = [];

    /// <summary>What a fault of half the size did: every other case asked of the bad release, the rest of the good one.</summary>
    public RunCounts? HalfFault { get; init; }

    /// <summary>Whether the gate stopped the fault of half the size too; null when that was not tried.</summary>
    public bool? BlocksHalfFault { get; init; }

    /// <summary>Whether the gate does what it is for. Only then may it stop releases.</summary>
    public bool Holds => BlocksBad && PassesGood && OtherGoods.All(g => g.Passes != false);
}

/// <summary>An earlier release on the finished gate.</summary>
/// <param name="Passes">Whether it passed; null when its servers do not answer any more.</param>
public sealed record GoodRelease(string Digest, RunCounts Counts, bool? Passes);
