using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;

namespace Backstop.Core.Tests.Evidence;

public sealed class ShadowJudgeTests
{
    private static readonly ShadowRule Rule = new();
    private static readonly EvidencePlan Plan = new();

    private static readonly ShadowCounts Fine = new()
    {
        Copies = 1000, SameVerdict = 1000, AgreementMillionths = 900_000_000, UserMicroseconds = 1000, ShadowMicroseconds = 1100, UserCharacters = 1000, ShadowCharacters = 900,
    };

    [Fact]
    public void Copies_that_fare_as_the_users_answers_did_are_healthy() => Assert.Equal(Verdict.Healthy, Judge(Fine with { Worse = 10, Better = 10 }).Verdict);

    [Fact]
    public void Copies_that_fail_where_the_users_answers_did_not_are_a_regression_long_before_the_stage_is_over()
    {
        var judgement = Judge(new() { Copies = 60, Worse = 30 }, minCopies: 1000, dwelt: false);
        Assert.Equal(Verdict.Regressed, judgement.Verdict);
        Assert.Contains("30 of 60 copies", judgement.Reason, StringComparison.Ordinal);
        Assert.Contains("no user saw", judgement.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_that_both_share_are_not_blamed_on_the_copies() =>
        Assert.Equal(Verdict.Healthy, Judge(Fine with { Failed = 300, SameVerdict = 950, Worse = 25, Better = 25 }).Verdict);

    [Fact]
    public void Too_few_copies_none_at_all_or_old_ones_are_no_reason_to_go_on()
    {
        Assert.Equal(Verdict.NoData, Judge(Fine with { Copies = 99 }).Verdict);
        Assert.Equal(Verdict.NoData, Judge(ShadowCounts.None, minCopies: 0).Verdict);
        Assert.Equal(Verdict.NoData, ShadowJudge.Evaluate(Fine, Rule, Plan, 100, dwelt: true, age: null).Verdict);
        Assert.Equal(Verdict.Stale, ShadowJudge.Evaluate(Fine, Rule, Plan, 100, dwelt: true, TimeSpan.FromMinutes(1)).Verdict);
    }

    [Fact]
    public void A_sample_of_what_was_easy_to_ask_holds() => Assert.Equal(Verdict.Inconclusive, Judge(Fine with { Dropped = 300 }).Verdict);

    [Theory]
    [InlineData(0.95, null, null)]
    [InlineData(null, 0.05, null)]
    [InlineData(null, null, 0.05)]
    public void A_declared_limit_is_looked_at_when_the_stage_has_had_its_time_and_not_before(double? agreement, double? slowdown, double? length)
    {
        var rule = Rule with { LeastAgreement = agreement, MostSlowdown = slowdown, MostLengthChange = length };
        Assert.Equal(Verdict.Healthy, ShadowJudge.Evaluate(Fine, rule, Plan, 100, dwelt: false, TimeSpan.Zero).Verdict);
        Assert.Equal(Verdict.Regressed, ShadowJudge.Evaluate(Fine, rule, Plan, 100, dwelt: true, TimeSpan.Zero).Verdict);
        Assert.Equal(Verdict.Healthy, Judge(Fine).Verdict);
    }

    [Fact]
    public void Of_a_thousand_candidates_that_are_as_bad_as_the_margin_allows_hardly_one_is_taken_back_however_often_it_is_looked_at()
    {
        // At alpha 0.01 ten of a thousand may be; the bound leaves room for chance and none for a test twice as eager.
        var (plan, taken) = (Plan with { Alpha = 0.01 }, 0);
        for (var seed = 0; seed < 1000; seed++)
        {
            var (random, seen, regressed) = (new Random(seed), ShadowCounts.None, false);
            for (var look = 0; look < 60 && !regressed; look++)
            {
                for (var i = 0; i < 20; i++)
                {
                    var u = random.NextDouble();
                    seen = seen with { Copies = seen.Copies + 1, Worse = seen.Worse + (u < 0.05 ? 1 : 0), Better = seen.Better + (u is >= 0.05 and < 0.09 ? 1 : 0) };
                }

                regressed = ShadowJudge.Evaluate(seen, Rule, plan, 100, dwelt: false, TimeSpan.Zero).Verdict == Verdict.Regressed;
            }

            taken += regressed ? 1 : 0;
        }

        Assert.InRange(taken, 0, 19);
    }

    [Fact]
    public void What_copies_showed_merges_in_any_order_counts_once_and_survives_storage()
    {
        var key = new EvidenceKey("a", 1, 2);
        SignalBatch[] batches = [.. Enumerable.Range(0, 4).Select(i => new SignalBatch("g", "s", i, []) { Shadows = [new(key, "v8", Fine), new(key, "v9", Fine)] })];
        var (one, other) = (new AliasEvidence("a"), new AliasEvidence("a"));
        Array.ForEach(batches, b => one.Merge(b));
        Array.ForEach([.. batches.Reverse(), batches[0]], b => other.Merge(b));
        Assert.Equal(4000, one.Shadowed("v8", key).Copies);
        Assert.Equal(EvidenceSnapshot.Write(one), EvidenceSnapshot.Write(other));
        Assert.Equal(EvidenceSnapshot.Write(one), EvidenceSnapshot.Write(EvidenceSnapshot.Read(EvidenceSnapshot.Write(one))));
    }

    [Fact]
    public void A_looser_rule_is_a_looser_plan_and_has_another_digest()
    {
        var plan = new RolloutPlan { Shadow = new(1000, TimeSpan.Zero, 100) };
        var looser = plan with { ShadowRule = Rule with { Margin = 0.02 } };
        Assert.Equal("copies may fare worse by more", PlanComparison.Looser(plan, looser));
        Assert.Null(PlanComparison.Looser(looser, plan));
        Assert.Null(PlanComparison.Looser(plan, plan with { ShadowRule = Rule with { LeastAgreement = 0.5 } }));
        Assert.Equal("copies may agree less", PlanComparison.Looser(plan with { ShadowRule = Rule with { LeastAgreement = 0.5 } }, plan));
        Assert.NotEqual(PlanDigest.Of(plan), PlanDigest.Of(looser));
    }

    private static ShadowJudgement Judge(ShadowCounts seen, long minCopies = 100, bool dwelt = true) =>
        ShadowJudge.Evaluate(seen, Rule, Plan, minCopies, dwelt, TimeSpan.Zero);
}
