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
    /// <summary>Whether the gate does what it is for. Only then may it stop releases.</summary>
    public bool Holds => BlocksBad && PassesGood;
}
