using Backstop.Core.Evidence;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

public class AlarmBudgetTests
{
    [Fact]
    public void Rollouts_together_never_spend_more_than_an_alias_may_in_any_thirty_days()
    {
        var rollout = Gen.Select(Gen.Double[0, 60], Gen.Double[-6, -1], Gen.Int[0, 2]);
        Gen.Select(rollout.Array[1, 300], Gen.Double[-3, 0]).Sample((all, log) =>
        {
            var perMonth = Math.Pow(10, log);
            var spent = new List<(double Day, double Alpha, int Comparisons)>();
            foreach (var (day, logAsked, ended) in all.OrderBy(r => r.Item1))
            {
                // While it runs it is charged in full; what it turns out not to need is given back afterwards.
                var budget = AlarmBudget.Of(perMonth, spent.Where(s => s.Day > day - 30).Select(s => (s.Alpha, s.Comparisons)));
                var asked = Math.Pow(10, logAsked);
                var alpha = budget.Allow(asked);
                Assert.InRange(alpha, double.Epsilon, asked);
                Assert.True(
                    budget.Spent + (AlarmBudget.Comparisons * alpha) <= perMonth + (2 * AlarmBudget.LeastAlpha * all.Length),
                    $"{budget.Spent} spent and {alpha} granted of {perMonth}");
                spent.Add((day, alpha, ended));
            }
        });
    }

    [Fact]
    public void Two_hundred_rollouts_a_month_are_judged_as_their_plans_ask()
    {
        var plan = new EvidencePlan();
        var budget = AlarmBudget.Of(plan.FalseRollbacksPerMonth, Enumerable.Repeat((plan.Alpha, AlarmBudget.Comparisons), 200));
        Assert.Equal(plan.Alpha, budget.Allow(plan.Alpha));
    }

    [Fact]
    public void An_alias_whose_budget_is_spent_still_rolls_back()
    {
        var budget = AlarmBudget.Of(0.001, [(0.1, 2)]);
        Assert.Equal(0, budget.Left);
        Assert.Equal(AlarmBudget.LeastAlpha, budget.Allow(1e-4));
    }
}
