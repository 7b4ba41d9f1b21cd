using System.Globalization;

namespace Backstop.Core.Evidence;

/// <summary>Gives the verdict on a candidate that only copies of requests were sent to.</summary>
/// <remarks>
/// Every copy is paired with the answer that its user got, so the pair is +1 where only the copy failed or was blocked, −1 where
/// only the user's answer was, else 0. Null: its mean, given the past, is at most the margin. A bettor with stake λ multiplies its
/// wealth by 1 + λ(pair − margin); six stakes are averaged, and with wealth 1/alpha the candidate is taken back, however often
/// that was looked at (Ville's inequality). Stakes are constant, so the sums are all it needs. Pairs of one user may resemble each
/// other; what the null says of the next pair given the past must still hold. The declared limits on agreement, time and length
/// are looked at once, when the stage has had its time and its copies.
/// </remarks>
public static class ShadowJudge
{
    private static readonly double[] Fractions = [.01, .03, .08, .2, .4, .7];

    /// <summary>Judges what was seen so far.</summary>
    /// <param name="rule">What was declared.</param>
    /// <param name="plan">Gives alpha, caution and freshness.</param>
    /// <param name="minCopies">Fewest copies for any verdict but <see cref="Verdict.Regressed"/>.</param>
    /// <param name="dwelt">Whether the stage has had its time.</param>
    /// <param name="age">Age of the newest copy; null when there is none that is known.</param>
    public static ShadowJudgement Evaluate(ShadowCounts seen, ShadowRule rule, EvidencePlan plan, long minCopies, bool dwelt, TimeSpan? age)
    {
        var logE = LogE(seen, rule.Margin);
        var pairs = $"{seen.Worse} of {seen.Copies} copies failed or were blocked where the user's answer was not, {seen.Better} the other way round";
        var (verdict, reason) = seen switch
        {
            _ when logE >= -Math.Log(plan.Alpha) => (Verdict.Regressed, $"worse on copies: {pairs}; no user saw them"),
            _ when seen.Copies < minCopies || seen.Copies == 0 || age is null => (Verdict.NoData, $"too few copies: {seen.Copies} of {minCopies}"),
            _ when age > plan.Freshness => (Verdict.Stale, $"no copy was answered for {age.Value.TotalSeconds:0} s"),
            _ when seen.DroppedShare > rule.MostDropped =>
                (Verdict.Inconclusive, $"{seen.Dropped} of {seen.Copies + seen.Dropped} copies were dropped: the others are no fair sample"),
            _ when dwelt && Broken(seen, rule) is { } limit => (Verdict.Regressed, $"{limit}; no user saw the copies"),
            _ when logE >= Math.Log(plan.Caution) => (Verdict.Inconclusive, $"suspicious on copies: {pairs}"),
            _ => (Verdict.Healthy, $"no worse on copies within the margin: {pairs}"),
        };
        return new(verdict, reason, seen, logE, -Math.Log(plan.Alpha));
    }

    /// <summary>The evidence that copies fare worse than users by more than a margin, in nats.</summary>
    public static double LogE(ShadowCounts seen, double margin)
    {
        Span<double> logs = stackalloc double[Fractions.Length];
        var ties = seen.Copies - seen.Worse - seen.Better;
        for (var i = 0; i < logs.Length; i++)
        {
            var stake = Fractions[i] / (1 + margin); // The most that a pair can fall below the margin: no stake loses more than the whole wealth.
            logs[i] = (seen.Worse * SpecialFunctions.Log1P(stake * (1 - margin)))
                + (seen.Better * SpecialFunctions.Log1P(-stake * (1 + margin)))
                + (ties * SpecialFunctions.Log1P(-stake * margin));
        }

        return SpecialFunctions.LogSumExp(logs) - Math.Log(logs.Length);
    }

    private static string? Broken(ShadowCounts seen, ShadowRule rule) =>
        seen.Agreement < rule.LeastAgreement ? $"its answers agree with the users' by {Share(seen.Agreement)}, and {Share(rule.LeastAgreement.Value)} is the least"
        : seen.Slowdown > rule.MostSlowdown ? $"copies take {Share(seen.Slowdown)} longer, and {Share(rule.MostSlowdown.Value)} is the most"
        : Math.Abs(seen.LengthChange) > rule.MostLengthChange
            ? $"its answers are {Share(Math.Abs(seen.LengthChange))} {(seen.LengthChange > 0 ? "longer" : "shorter")}, and {Share(rule.MostLengthChange.Value)} is the most"
        : null;

    private static string Share(double value) => (100 * value).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}

/// <summary>A verdict on copies, with what it rests on.</summary>
/// <param name="LogE">Evidence that copies fare worse, in nats.</param>
/// <param name="LogThreshold">What it must reach for a rollback.</param>
public sealed record ShadowJudgement(Verdict Verdict, string Reason, ShadowCounts Seen, double LogE, double LogThreshold);
