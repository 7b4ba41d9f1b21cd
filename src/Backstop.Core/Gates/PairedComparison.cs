using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>Two releases on the same cases: how many got worse, how many better, and how probable that is by chance.</summary>
/// <remarks>The sign test over cases, not over answers: answers to one case are no independent witnesses.</remarks>
/// <param name="Worse">Cases that the new release fails more often.</param>
/// <param name="Better">Cases that it fails less often.</param>
public sealed record PairedComparison(int Worse, int Better)
{
    /// <summary>Probability of as many worse cases or more, if worse and better were equally probable.</summary>
    public double PValue => Worse + Better == 0 ? 1 : Binomial.Above(Worse + Better, Worse - 1, 0.5);

    /// <summary>Compares, case by case, in the same order.</summary>
    public static PairedComparison Of(ImmutableArray<RunCounts> now, ImmutableArray<RunCounts> before)
    {
        var signs = now.Zip(before).Where(pair => pair.First.Errors + pair.Second.Errors == 0).Select(pair => pair.First.Failures.CompareTo(pair.Second.Failures)).ToList();
        return new(signs.Count(s => s > 0), signs.Count(s => s < 0));
    }
}
