using Backstop.Core.Evidence;

namespace Backstop.Core.Tests.Evidence;

/// <summary>The null "a bit is set in the tested arm at most with probability A + B·(that of the control)", and the best bets against it.</summary>
/// <remarks>
/// For each alternative the pair of rates on the null that is nearest to it: the likelihood ratio to that pair gains nothing on the null, whichever
/// pair is true, and grows as fast as any bet can (Grünwald, de Heide and Koolen, "Safe testing", 2024). What <see cref="JointTable"/> is measured by.
/// </remarks>
internal sealed record HalfPlane(double A, double B)
{
    private static readonly double[] Odds = [1.15, 1.35, 1.7, 2.4, 4, 8, 20, 80];
    private static readonly (double Odds, double Weight)[] Around = [(0.6, 0.25), (1, 0.5), (1 / 0.6, 0.25)];

    /// <summary>The nearest pair of rates on the null. The weighted divergence is convex along the edge: its slope is halved to nothing.</summary>
    public (double Control, double Tested) Nearest(double control, double tested, double testedShare)
    {
        if (tested <= A + (B * control))
        {
            return (control, tested);
        }

        var (low, high) = (Math.Max(0, -A / B), Math.Min(1, (1 - A) / B));
        for (var i = 0; i < 200; i++)
        {
            var p = (low + high) / 2;
            var q = A + (B * p);
            var slope = ((1 - testedShare) * ((control / p) - ((1 - control) / (1 - p)))) + (testedShare * B * ((tested / q) - ((1 - tested) / (1 - q))));
            (low, high) = slope > 0 ? (p, high) : (low, p);
        }

        return (low, A + (B * low));
    }

    /// <summary>What one request adds for an alternative, in nats: control good, control bad, tested good, tested bad.</summary>
    public double[] Increments(double control, double tested, double testedShare)
    {
        var (p, q) = Nearest(control, tested, testedShare);
        return [Math.Log((1 - control) / (1 - p)), Math.Log(control / p), Math.Log((1 - tested) / (1 - q)), Math.Log(tested / q)];
    }

    /// <summary>Nats a request when the alternative is true.</summary>
    public double Growth(double control, double tested, double testedShare)
    {
        var increments = Increments(control, tested, testedShare);
        return ((1 - testedShare) * (((1 - control) * increments[0]) + (control * increments[1])))
            + (testedShare * (((1 - tested) * increments[2]) + (tested * increments[3])));
    }

    /// <summary>Alternatives around a rate that is known roughly: its odds, and those times 0.6 and over 0.6; and on each the odds of the edge raised.</summary>
    public IEnumerable<(double Control, double Tested, double Weight)> Grid(double rate) =>
        from around in Around
        from odds in Odds
        let control = Raised(rate, around.Odds)
        select (control, Raised(A + (B * control), odds), around.Weight / Odds.Length);

    /// <summary>The evidence of a grid in nats.</summary>
    /// <param name="counts">Control good, control bad, tested good, tested bad.</param>
    public double LogE(double rate, double testedShare, long[] counts) => Mean(Grid(rate).Select(g =>
        (g.Weight, Increments(g.Control, g.Tested, testedShare).Zip(counts, (increment, n) => n * increment).Sum())));

    /// <summary>The logarithm of a weighted mean of e-values that are given by theirs.</summary>
    public static double Mean(IEnumerable<(double Weight, double LogE)> values)
    {
        var all = values.ToArray();
        var most = all.Max(v => v.LogE);
        return most + Math.Log(all.Sum(v => v.Weight * Math.Exp(v.LogE - most)));
    }

    private static double Raised(double rate, double odds) => odds * rate / (1 - rate + (odds * rate));
}
