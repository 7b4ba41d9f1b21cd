using System.Collections.Immutable;
using System.Globalization;

namespace Backstop.Core.Gates.Outside;

/// <summary>How far a judge agrees with answers that people have judged, and whether it may judge others.</summary>
/// <remarks>
/// Good and bad anchors are counted apart: a judge that passes everything agrees with nine in ten where one in ten is bad.
/// What counts is not the share that was seen but the least one that the anchors leave possible at 95 % (Clopper and Pearson):
/// 14 good and 14 bad ones without a slip prove 0.8, 29 of each prove 0.9. An anchor without a verdict counts as a slip.
/// </remarks>
/// <param name="Judge">The check's name.</param>
/// <param name="Good">Anchors that should pass.</param>
/// <param name="PassedGood">Those of them that the judge passed.</param>
/// <param name="Bad">Anchors that should fail.</param>
/// <param name="FailedBad">Those of them that the judge failed.</param>
/// <param name="Least">See <see cref="OutsideCheck.Judge.LeastAgreement"/>.</param>
public sealed record JudgeAgreement(string Judge, int Good, int PassedGood, int Bad, int FailedBad, double Least)
{
    private const double Confidence = 0.95;

    /// <summary>Why one anchor at least has no verdict; null when all have one.</summary>
    public string? Silence { get; init; }

    /// <summary>The share of good answers that it passes, at least.</summary>
    public double PassesGood => LowerBound(PassedGood, Good);

    /// <summary>The share of bad answers that it fails, at least.</summary>
    public double FailsBad => LowerBound(FailedBad, Bad);

    /// <summary>Whether it may judge.</summary>
    public bool Holds => Math.Min(PassesGood, FailsBad) >= Least;

    /// <summary>In words.</summary>
    public string Words => string.Create(
        CultureInfo.InvariantCulture,
        $"{Judge}: passes {PassedGood} of {Good} good anchors (at least {PassesGood:0.00} of good answers) and fails {FailedBad} of {Bad} bad ones (at least {FailsBad:0.00}); {Least:0.00} is asked for")
        + (Silence is null ? "" : $"; {Silence}");

    /// <summary>The agreement of these outcomes, in the order of the anchors.</summary>
    public static JudgeAgreement Of(OutsideCheck.Judge judge, ImmutableArray<RunOutcome> outcomes)
    {
        var pairs = judge.Anchors.Zip(outcomes).ToList();
        return new(
            judge.Name,
            pairs.Count(p => p.First.Passes),
            pairs.Count(p => p.First.Passes && p.Second is RunOutcome.Passed),
            pairs.Count(p => !p.First.Passes),
            pairs.Count(p => !p.First.Passes && p.Second is RunOutcome.Failed),
            judge.LeastAgreement)
        {
            Silence = outcomes.OfType<RunOutcome.Unknown>().FirstOrDefault()?.Reason,
        };
    }

    private static double LowerBound(int agreed, int all) => all == 0 ? 0 : Binomial.Bounds(agreed, all, Confidence).Lower;
}
