using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>Two releases on the same cases: how many got worse, how many better, and how probable that is by chance.</summary>
/// <remarks>The sign test over cases, not over answers: answers to one case are no independent witnesses.</remarks>
/// <param name="Worse">Cases that the new release fails more often.</param>
/// <param name="Better">Cases that it fails less often.</param>
public sealed record PairedComparison(int Worse, int Better)
{
    /// <summary>Cases of which an answer is missing on either side: nobody knows whether they are worse.</summary>
    public int Unknown { get; init; }

    /// <summary>Probability of as many worse cases or more, if worse and better were equally probable.</summary>
    public double PValue => P(Worse, Better);

    /// <summary>Whether the new release is worse; null when the cases that nobody knows could decide that.</summary>
    /// <param name="below">The probability by chance from which on it counts as worse.</param>
    public bool? IsWorse(double below) => P(Worse, Better + Unknown) <= below ? true : P(Worse + Unknown, Better) <= below ? null : false;

    /// <summary>Compares, case by case, in the same order.</summary>
    public static PairedComparison Of(ImmutableArray<RunCounts> now, ImmutableArray<RunCounts> before)
    {
        var signs = now.Zip(before).Where(pair => pair.First.Errors + pair.Second.Errors == 0).Select(pair => pair.First.Failures.CompareTo(pair.Second.Failures)).ToList();
        return new(signs.Count(s => s > 0), signs.Count(s => s < 0)) { Unknown = now.Length - signs.Count };
    }

    private static double P(int worse, int better) => worse + better == 0 ? 1 : Binomial.Above(worse + better, worse - 1, 0.5);
}
