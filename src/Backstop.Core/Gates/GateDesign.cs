using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>Chooses how often a gate asks and how much it forgives, from how two releases really answered.</summary>
/// <remarks>
/// A gate that flakes is switched off, and a hundred gates that flake at 1 % stop a healthy release in 63 % of its
/// promotions. So both errors are computed for the worst rates that the measurement allows, not for the measured ones.
/// </remarks>
public static class GateDesign
{
    /// <summary>Least probability of stopping a release like the bad one.</summary>
    public const double LeastPower = 0.95;

    /// <summary>Greatest probability of stopping a release like the good one.</summary>
    public const double MostFalseBlock = 0.001;

    /// <summary>Most answers that one run of a gate may cost.</summary>
    public const int MostRuns = 400;

    /// <summary>How sure each bound of a measured rate is. Two looks at 2.5 % doubt each stay within 5 %.</summary>
    public const double Confidence = 0.975;

    /// <summary>The cases that can tell the releases apart: those of which the good release failed no answer.</summary>
    /// <remarks>
    /// A case that the good release fails too, such as an attack that also breaks the old model, says nothing about the
    /// new one and widens the good rate. Which cases stay is decided on runs of the good release alone, and the rates are
    /// measured on fresh runs afterwards: rates from the runs that chose would flatter it.
    /// </remarks>
    /// <param name="cases">The cases.</param>
    /// <param name="good">By case: what the good release did.</param>
    public static ImmutableArray<GateCase> Telling(ImmutableArray<GateCase> cases, ImmutableArray<RunCounts> good) =>
        [.. cases.Where((_, i) => good[i] is { Failures: 0, Known: > 0 })];

    /// <summary>The smallest gate that meets both limits, if there is one.</summary>
    /// <param name="bad">What the bad release did on the cases.</param>
    /// <param name="good">What the good release did on the same cases.</param>
    /// <param name="cases">Number of cases; every case is asked equally often.</param>
    public static GateDesignResult Choose(RunCounts bad, RunCounts good, int cases)
    {
        if (cases == 0)
        {
            return new GateDesignResult.CannotTell("No case is left that the good release answers well.");
        }

        if (bad.Known == 0 || good.Known == 0)
        {
            var silent = bad.Known == 0 ? bad : good;
            return new GateDesignResult.CannotTell(
                $"The {(bad.Known == 0 ? "bad" : "good")} release gave no answer ({silent.Reasons.Keys.FirstOrDefault() ?? "nothing was run"}). Both must be running to learn.");
        }

        var badRate = Binomial.Bounds(bad.Failures, bad.Known, Confidence);
        var goodRate = Binomial.Bounds(good.Failures, good.Known, Confidence);
        for (var samples = 1; badRate.Lower > goodRate.Upper && samples * cases <= MostRuns; samples++)
        {
            var runs = samples * cases;
            var limit = LimitFor(runs, goodRate.Upper);
            var power = Binomial.Above(runs, limit, badRate.Lower);
            if (power >= LeastPower)
            {
                return new GateDesignResult.Chosen(samples, limit, badRate, goodRate, power, Binomial.Above(runs, limit, goodRate.Upper));
            }
        }

        return new GateDesignResult.CannotTell(
            $"The bad release failed {bad.Failures} of {bad.Known} answers and the good one {good.Failures} of {good.Known}: no gate of at most {MostRuns} answers can tell them apart.");
    }

    /// <summary>The least limit that a release at this rate exceeds seldom enough.</summary>
    public static int LimitFor(int runs, double goodRate)
    {
        var limit = (int)(runs * goodRate);
        while (Binomial.Above(runs, limit, goodRate) > MostFalseBlock)
        {
            limit++;
        }

        return limit;
    }
}

/// <summary>A design, or why there is none.</summary>
public abstract record GateDesignResult
{
    private GateDesignResult()
    {
    }

    /// <summary>A gate that meets both limits.</summary>
    public sealed record Chosen(
        int SamplesPerCase, int FailIfMoreThan, RateBounds BadFailRate, RateBounds GoodFailRate, double Power, double FalseBlock)
        : GateDesignResult;

    /// <summary>No gate does; the text says why.</summary>
    public sealed record CannotTell(string Reason) : GateDesignResult;
}
