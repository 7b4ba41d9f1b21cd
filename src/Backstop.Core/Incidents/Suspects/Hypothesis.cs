using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>One cause at work, or two at once.</summary>
internal sealed record Hypothesis(Cause First, Cause? Second = null)
{
    // That something else breaks in the same hour is this much rarer than that it breaks.
    private const double Coincidence = 0.2;

    // A contrast may not make a cause less probable than e^-8 of the best one.
    private const double MostAgainst = 8;

    // Mixing and clipping throw evidence away in every signal, so the product is less sure than it is right. This power gives back
    // a part of it: half of what would fit the corpus, because incidents that nobody has seen yet are harder.
    private const double Sharpness = 1.3;

    /// <summary>Every cause alone, and every two that can be at work together.</summary>
    public static readonly ImmutableArray<Hypothesis> All =
    [
        .. SignatureTable.All.Select(cause => new Hypothesis(cause)),
        .. from first in SignatureTable.All
           from second in SignatureTable.All
           where first < second && IsSpecific(first) && IsSpecific(second)
           select new Hypothesis(first, second),
    ];

    /// <summary>Whether the cause is part of it.</summary>
    public bool Has(Cause cause) => First == cause || Second == cause;

    /// <summary>The causes.</summary>
    public ImmutableArray<Cause> Causes => Second is { } second ? [First, second] : [First];

    /// <summary>Whether two things of different kind or reach are wrong.</summary>
    public bool IsCompound => Second is { } second
        && (SignatureTable.KindOf(First) != SignatureTable.KindOf(second) || SignatureTable.ReachOf(First) != SignatureTable.ReachOf(second));

    /// <summary>Whether one of two is the release's and the other is not.</summary>
    public bool IsMixed => Second is { } second && (SignatureTable.ReachOf(First) == Reach.Release) != (SignatureTable.ReachOf(second) == Reach.Release);

    /// <summary>Probability of every hypothesis, in the order of <see cref="All"/>; they sum to 1.</summary>
    /// <remarks>
    /// A signal moves unless each cause at work leaves it alone (noisy or, Pearl 1988). log(p·BF + 1 − p) keeps a signal that
    /// misbehaves from deciding alone.
    /// </remarks>
    public static double[] Posterior(IncidentCase incident, ImmutableArray<Movement> signals, ImmutableArray<ArmContrast> contrasts)
    {
        var prior = SignatureTable.All.Select(cause => ChangePrior.Weight(cause, incident)).ToArray();
        var total = prior.Sum();
        var factors = signals.Select(s => Math.Exp(s.LogBayesFactor)).ToArray();
        var rows = signals.Select(s => SignatureTable.Row(s.Name).ToArray()).ToArray();
        var log = new double[All.Length];
        for (var h = 0; h < log.Length; h++)
        {
            var hypothesis = All[h];
            var likelihood = hypothesis.Onset(incident.Onset) + contrasts.Sum(hypothesis.Shows);
            for (var s = 0; s < factors.Length; s++)
            {
                var moves = hypothesis.Moves(rows[s]);
                likelihood += Math.Log((moves * factors[s]) + 1 - moves);
            }

            var weight = prior[(int)hypothesis.First] / total * (hypothesis.Second is { } second ? Coincidence * prior[(int)second] / total : 1);
            log[h] = Math.Log(weight) + (Sharpness * likelihood);
        }

        var all = SpecialFunctions.LogSumExp(log);
        return [.. log.Select(l => Math.Exp(l - all))];
    }

    private static bool IsSpecific(Cause cause) => cause is not (Cause.None or Cause.Unlisted);

    private double Moves(double[] row)
    {
        var first = row[(int)First];
        return Second is { } second ? 1 - ((1 - first) * (1 - row[(int)second])) : first;
    }

    private double Shows(ArmContrast contrast)
    {
        var (first, second) = (SignatureTable.Moves(contrast.Counts.Name, First), Second is { } other ? SignatureTable.Moves(contrast.Counts.Name, other) : 0);
        var none = (1 - first) * (1 - second) * contrast.Pattern.None;
        var seen = First == Cause.None ? first * contrast.Likelihood(Reach.Shared) : first * (1 - second) * contrast.Likelihood(SignatureTable.ReachOf(First));
        if (Second is { } with)
        {
            seen += (1 - first) * second * contrast.Likelihood(SignatureTable.ReachOf(with));
            seen += first * second * contrast.Likelihood(IsMixed ? null : SignatureTable.ReachOf(First));
        }

        return Math.Log(Math.Max(seen + none, Math.Exp(-MostAgainst)));
    }

    private double Onset(Onset? onset)
    {
        if (onset?.Slow is not { } slow)
        {
            return 0;
        }

        var creeps = Second is { } second ? (SignatureTable.Slow(First) + SignatureTable.Slow(second)) / 2 : SignatureTable.Slow(First);
        return Math.Log(slow ? creeps : 1 - creeps);
    }
}
