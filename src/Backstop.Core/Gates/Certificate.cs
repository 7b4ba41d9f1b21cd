using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>Proof that a gate would have stopped the incident: the finished gate, run afresh on both releases.</summary>
/// <param name="BadRelease">Digest of the release that caused the incident.</param>
/// <param name="GoodRelease">Digest of the release that was returned to.</param>
/// <param name="Bad">What the bad release did.</param>
/// <param name="Good">What the good release did.</param>
/// <param name="BlocksBad">Whether the gate stopped the bad release, every time.</param>
/// <param name="PassesGood">Whether the gate let the good release through, every time.</param>
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

    /// <summary>Further runs on the bad release, each with fresh answers. <see cref="BlocksBad"/> says that the gate stopped it in every run.</summary>
    public ImmutableArray<RunCounts> MoreBad { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Further runs on the good release, where fewer than three good releases are left. <see cref="PassesGood"/> says that it passed in every run.</summary>
    public ImmutableArray<RunCounts> MoreGood { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Variants of the fault. A gate that stops none of them knows the samples and not the fault.</summary>
    public ImmutableArray<FaultVariant> Variants { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Runs that passed, of the good release and of good releases before it.</summary>
    public int GoodPasses => (PassesGood ? 1 + MoreGood.Length : 0) + OtherGoods.Count(g => g.Passes == true);

    /// <summary>Whether the gate does what it is for. Only then may it stop releases.</summary>
    public bool Holds => BlocksBad && PassesGood && OtherGoods.All(g => g.Passes != false) && (Variants.IsEmpty || Variants.Any(v => v.Stopped == true));
}

/// <summary>An earlier release on the finished gate.</summary>
/// <param name="Passes">Whether it passed; null when its servers do not answer any more.</param>
public sealed record GoodRelease(string Digest, RunCounts Counts, bool? Passes);
