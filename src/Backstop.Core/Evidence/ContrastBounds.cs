using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>How well what a judgement says is known: bounds of 95 % that hold at all times at once. Formed when somebody looks; no decision rests on them.</summary>
/// <param name="Difference">Of the failure rates, tested − control.</param>
public sealed record ContrastBounds(DifferenceBounds Difference, ArmBounds Tested, ArmBounds Control)
{
    /// <summary>The bounds of everything known so far.</summary>
    public static ContrastBounds Of(AliasEvidence evidence, Contrast contrast, EvidencePlan plan)
    {
        var look = Look.At(evidence, contrast, plan);
        return new(DifferenceOf(look, evidence), ArmBounds.Of(look, contrast.Tested), ArmBounds.Of(look, contrast.Control));
    }

    // Stages are never pooled: where the share and the base rate both moved, that would show a difference that is not there.
    private static DifferenceBounds DifferenceOf(Look look, AliasEvidence evidence)
    {
        var (observations, sum, units) = (new List<(double Z, double Least, double Most, long Count)>(), 0.0, 0L);
        for (var i = 0; i < look.Stages.Length; i++)
        {
            var (key, share) = look.Contrast.Stages[i];
            if (look.Stages[i] is not { } stage || share is <= 0 or >= 1)
            {
                continue;
            }

            var outcomes = stage.Outcomes(EvidenceGroup.Quality);
            var (tested, control) = (outcomes.Total(look.Contrast.Tested), outcomes.Total(look.Contrast.Control));
            if (tested > 0 && control > 0)
            {
                units += tested + control;
                sum += (tested + control) * ((Failures(outcomes, look.Contrast.Tested) / (double)tested) - (Failures(outcomes, look.Contrast.Control) / (double)control));
            }

            for (var stratum = 0; stratum < CountTable.Strata; stratum++)
            {
                var centre = evidence.RatesFor(key).Rates[stratum].Where((_, y) => ((Outcome)y).IsFailure()).Sum();
                Observe(look.Contrast.Tested, true);
                Observe(look.Contrast.Control, false);

                void Observe(Arm arm, bool isTested)
                {
                    var (least, most) = (-Math.Max(centre / share, (1 - centre) / (1 - share)), Math.Max((1 - centre) / share, centre / (1 - share)));
                    var (failed, all) = (Failures(outcomes.Of(arm, stratum)), Sum(outcomes.Of(arm, stratum)));
                    observations.Add((BoundedScoreTest.Difference(isTested, 1, share, centre), least, most, failed));
                    observations.Add((BoundedScoreTest.Difference(isTested, 0, share, centre), least, most, all - failed));
                }
            }
        }

        return new(
            units == 0 ? 0 : sum / units,
            BoundedScoreTest.LowerBound([.. observations.Select(o => (o.Z, o.Least, o.Count))], ConfidenceSequence.Alpha / 2),
            -BoundedScoreTest.LowerBound([.. observations.Select(o => (-o.Z, -o.Most, o.Count))], ConfidenceSequence.Alpha / 2));
    }

    private static long Failures(CountTable outcomes, Arm arm) =>
        Enumerable.Range(0, CountTable.Strata).Sum(stratum => Failures(outcomes.Of(arm, stratum)));

    private static long Failures(ReadOnlySpan<long> outcomes)
    {
        var failed = 0L;
        for (var y = 0; y < outcomes.Length; y++)
        {
            failed += ((Outcome)y).IsFailure() ? outcomes[y] : 0;
        }

        return failed;
    }

    private static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var n in counts)
        {
            sum += n;
        }

        return sum;
    }
}

/// <summary>Bounds of a difference of rates.</summary>
public sealed record DifferenceBounds(double Estimate, double Lower, double Upper);

/// <summary>Bounds of what one arm showed.</summary>
/// <param name="Rates">By <see cref="Outcome"/>.</param>
/// <param name="Latency">Null when nothing is known of it.</param>
/// <param name="Scores">By score of the plan: of its mean, in the score's own unit; null when there are none.</param>
public sealed record ArmBounds(Bounds FailureRate, ImmutableArray<Bounds> Rates, LatencyBounds? Latency, ImmutableArray<Bounds?> Scores)
{
    internal static ArmBounds Of(Look look, Arm arm)
    {
        var (seen, latencies) = (look.OneArm(arm, EvidenceGroup.Quality), Latencies.Of(look).Sum(arm));
        return new(
            OfRate(seen.FailureRate, seen.Units),
            [.. seen.Rates.Select(rate => OfRate(rate, seen.Units))],
            latencies.Total == 0 ? null : LatencyBounds.Of(latencies),
            [.. look.Plan.Scores.Select(rule => OfScore(rule, ScoreLook.Of(look, rule).Sum(arm)))]);
    }

    private static Bounds OfRate(double rate, long units) => ConfidenceSequence.OfMean(Math.Round(rate * units), units);

    private static Bounds? OfScore(ScoreRule rule, ScoreCounts scores)
    {
        if (scores.Mean is not { } badness)
        {
            return null;
        }

        var bounds = ConfidenceSequence.OfMean(badness * scores.Total, scores.Total);
        var (one, other) = (rule.ValueOf(bounds.Lower), rule.ValueOf(bounds.Upper));
        return new(Math.Min(one, other), Math.Max(one, other));
    }
}

/// <summary>Bounds of an arm's latencies.</summary>
public sealed record LatencyBounds(QuantileBounds P50, QuantileBounds P95, QuantileBounds P99)
{
    internal static LatencyBounds Of(LatencyCounts latencies) => new(At(latencies, .5), At(latencies, .95), At(latencies, .99));

    /// <summary>The lower edge of the lowest bin that the quantile may be in, and the upper one of the highest.</summary>
    private static QuantileBounds At(LatencyCounts latencies, double quantile)
    {
        var (least, most) = ConfidenceSequence.BelowQuantile(quantile, latencies.Total);
        return new(
            LatencyCounts.EdgesOf(latencies.BinOfRank(least))?.Lower,
            most < latencies.Total ? LatencyCounts.EdgesOf(latencies.BinOfRank(most + 1))?.Upper : null);
    }
}

/// <summary>Bounds of a quantile, in milliseconds; null where it may be an answer that never came.</summary>
public sealed record QuantileBounds(double? Lower, double? Upper);
