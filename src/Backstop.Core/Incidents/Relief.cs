using Backstop.Core.Evidence;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Routing;

namespace Backstop.Core.Incidents;

/// <summary>Whether what was done about an incident helped, told by the failures of all users' requests: before it, during it, and since.</summary>
/// <remarks>
/// Wald's sequential probability ratio test (1945) between two rates: that of before the incident and that of during it.
/// Either error is at most one in twenty. Where the incident did no harm that could be seen, there is nothing to come back
/// from, and it is enough that none came. Where other aliases were asked at the same times, failures must have fallen by more than
/// they fell there (difference in differences, one-sided, one in twenty): what is over by itself is over everywhere.
/// </remarks>
public static class Relief
{
    /// <summary>So many requests must have been answered since before anybody says anything.</summary>
    public const long LeastAfter = 60;

    /// <summary>So many must have been counted of what they are held against.</summary>
    public const long LeastBefore = 50;

    private const double Visible = 0.03;
    private const double OneInTwenty = 1.645;
    private static readonly double Sure = Math.Log(19);

    /// <summary>Whether it helped, or null while too few requests were seen since; and why, in words.</summary>
    public static (bool? Helped, string Because) Judge(Count before, Count during, Count after)
    {
        var words = FormattableString.Invariant(
            $"failures were {before.Share:P1} of {before.N} requests before, {during.Share:P1} of {during.N} during, {after.Share:P1} of {after.N} since");
        if (after.N < LeastAfter || before.N < LeastBefore)
        {
            return (null, words);
        }

        var (well, ill) = (Rate(before), Math.Max(Rate(during), Rate(before) + Visible));
        var log = (after.Hits * Math.Log(well / ill)) + ((after.N - after.Hits) * Math.Log((1 - well) / (1 - ill)));
        return (log >= Sure ? true : log <= -Sure ? false : null, words);
    }

    /// <summary>The same, held against what happened elsewhere, where nothing was done.</summary>
    /// <param name="elsewhere">Failures of other aliases during the same time and since.</param>
    public static (bool? Helped, string Because) Judge(Count before, Count during, Count after, (Count During, Count After) elsewhere)
    {
        var (helped, because) = Judge(before, during, after);
        var harm = during.Share - before.Share;
        if (helped != true || elsewhere.During.N < LeastBefore || elsewhere.After.N < LeastAfter || harm < Visible || harm < OneInTwenty * Math.Sqrt(Variance(during) + Variance(before)))
        {
            return (helped, because);
        }

        var there = elsewhere.During.Share - elsewhere.After.Share;
        var more = during.Share - after.Share - there;
        var doubt = OneInTwenty * Math.Sqrt(Variance(during) + Variance(after) + Variance(elsewhere.During) + Variance(elsewhere.After));
        var words = FormattableString.Invariant($"{because}; elsewhere, where nothing was done, they were {elsewhere.During.Share:P1} of {elsewhere.During.N} during and {elsewhere.After.Share:P1} of {elsewhere.After.N} since");
        return more > doubt ? (true, words)
            : there > OneInTwenty * Math.Sqrt(Variance(elsewhere.During) + Variance(elsewhere.After)) ? (false, $"{words}: it was over by itself")
            : (null, words);
    }

    /// <summary>Requests of both arms that were assigned in a span of time and labelled, and those that failed.</summary>
    public static Count Between(AliasEvidence evidence, DateTimeOffset from, DateTimeOffset to)
    {
        var (first, last) = (EpochCounts.BucketOf(from), EpochCounts.BucketOf(to));
        var (n, failed) = (0L, 0L);
        foreach (var epoch in evidence.Stages.SelectMany(s => s.History(EvidenceGroup.Quality).Epochs).Where(e => e.First >= first && e.First < last))
        {
            foreach (var outcome in Enum.GetValues<Outcome>())
            {
                foreach (var arm in (Arm[])[Arm.Baseline, Arm.Candidate, Arm.Holdback])
                {
                    var count = epoch.Counts.Total(arm, (int)outcome);
                    (n, failed) = (n + (outcome is Outcome.InputBlocked or Outcome.Unlabelled ? 0 : count), failed + (IsFailure(outcome) ? count : 0));
                }
            }
        }

        return new(n, failed);
    }

    /// <summary>What both arms of a judgement did since a time.</summary>
    public static Judgement? Since(this Judgement judgement, AliasEvidence evidence, Contrast contrast, DateTimeOffset onset)
    {
        var first = EpochCounts.BucketOf(onset);
        var (tested, control) = (Arm(contrast.Tested, judgement.Tested), Arm(contrast.Control, judgement.Control));
        return tested.Units > 0 && control.Units > 0 ? judgement with { Tested = tested, Control = control, Units = tested.Units + control.Units } : null;

        ArmEvidence Arm(Arm arm, ArmEvidence all)
        {
            var counts = new long[Enum.GetValues<Outcome>().Length];
            foreach (var epoch in contrast.Stages.SelectMany(s => evidence.Find(s.Key)?.History(EvidenceGroup.Quality).Epochs ?? []).Where(e => e.First >= first))
            {
                for (var y = 0; y < counts.Length; y++)
                {
                    counts[y] += epoch.Counts.Total(arm, y);
                }
            }

            var units = counts.Sum();
            return new(units, [.. counts.Select(n => units == 0 ? 0 : (double)n / units)], all.Ceiling);
        }
    }

    private static double Variance(Count count) => Rate(count) * (1 - Rate(count)) / count.N;

    private static double Rate(Count count) => (count.Hits + 0.5) / (count.N + 1);

    private static bool IsFailure(Outcome outcome) => outcome is not (Outcome.Correct or Outcome.Unlabelled or Outcome.InputBlocked);
}
