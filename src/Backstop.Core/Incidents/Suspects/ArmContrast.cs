using System.Collections.Immutable;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>One contrast of the two arms with what it shows. Only these decide whether rolling back helps.</summary>
internal sealed record ArmContrast(ArmCounts Counts, ArmPattern Pattern)
{
    // A way of failing differs between days by a fifth on the logit scale, as every signal does.
    private const double DayToDay = 0.2;

    // Where two things are wrong at once, one way of failing may show only one of them.
    private const double OnlyOne = 0.05;

    // Where a cause reaches, which pattern the arms then show: release, shared, compound, none.
    private static readonly double[] ReleaseShows = [0.82, 0.02, 0.08, 0.08];
    private static readonly double[] SharedShows = [0.03, 0.82, 0.04, 0.11];
    private static readonly double[] SliceShows = [0.04, 0.50, 0.06, 0.40];
    private static readonly double[] BothShow = [0.20, 0.15, 0.60, 0.05];

    /// <summary>What a contrast shows.</summary>
    public static ArmContrast Of(ArmCounts counts)
    {
        // Where nobody knows what is usual, the holdback itself stands in; then "both worse" and "nothing" cannot be told apart.
        var usual = counts.Baseline ?? counts.Holdback;
        var variance = usual.Share * (1 - usual.Share);
        var wobble = counts.Wobble ?? (DayToDay * variance);
        var pattern = ArmPattern.Infer(
            (long)Math.Round(counts.Production.Hits),
            (long)Math.Round(counts.Production.N),
            (long)Math.Round(counts.Holdback.Hits),
            (long)Math.Round(counts.Holdback.N),
            usual.Share,
            Math.Sqrt((wobble * wobble) + (variance / Math.Max(usual.N, 1))));
        if (counts.Baseline is not null)
        {
            return new(counts, pattern);
        }

        var (same, worse) = (pattern.None + pattern.Shared, pattern.Release + pattern.Compound);
        return new(counts, new(same / 2, 0.75 * worse, same / 2, 0.25 * worse));
    }

    /// <summary>What all contrasts together say: a way of failing that did not change says nothing against one that did.</summary>
    public static ArmPattern? Combine(ImmutableArray<ArmContrast> contrasts)
    {
        if (contrasts.IsEmpty)
        {
            return null;
        }

        double none = 1, release = 1, shared = 1, compound = 1;
        foreach (var (counts, p) in contrasts)
        {
            var shows = Shows(counts.Name);
            var unmoved = (1 - shows) * p.None;
            none *= p.None;
            release *= (shows * p.Release) + unmoved;
            shared *= (shows * p.Shared) + unmoved;
            compound *= (shows * (((1 - (2 * OnlyOne)) * p.Compound) + (OnlyOne * (p.Release + p.Shared)))) + unmoved;
        }

        var all = none + release + shared + compound;
        return all > 0 ? new(none / all, release / all, shared / all, compound / all) : new(0.25, 0.25, 0.25, 0.25);
    }

    /// <summary>Likelihood of the pattern, up to a factor, when a cause of this reach moved it; null stands for two, one of which is the release's.</summary>
    public double Likelihood(Reach? reach)
    {
        var weights = reach switch
        {
            Reach.Release => ReleaseShows,
            Reach.Shared => SharedShows,
            Reach.Slice => SliceShows,
            null => BothShow,
            _ => throw new ArgumentOutOfRangeException(nameof(reach)),
        };
        return (weights[0] * Pattern.Release) + (weights[1] * Pattern.Shared) + (weights[2] * Pattern.Compound) + (weights[3] * Pattern.None);
    }

    /// <summary>How probable it is that a way of failing changes at all when a release broke.</summary>
    private static double Shows(string name)
    {
        var releases = SignatureTable.All.Where(cause => SignatureTable.ReachOf(cause) == Reach.Release).ToList();
        return releases.Sum(cause => SignatureTable.BaseRate(cause) * SignatureTable.Moves(name, cause)) / releases.Sum(SignatureTable.BaseRate);
    }

    /// <summary>Share of the new failures that the release adds to what the holdback has; null where nothing got worse or nobody knows.</summary>
    public double? ReleaseShare() => Counts.Baseline is { } baseline && Counts.Production.Share > baseline.Share
        ? Math.Clamp((Counts.Production.Share - Counts.Holdback.Share) / (Counts.Production.Share - baseline.Share), 0, 1)
        : null;
}
