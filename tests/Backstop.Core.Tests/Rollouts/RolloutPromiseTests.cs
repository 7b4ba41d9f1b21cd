using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Tests.Rollouts.Model;

namespace Backstop.Core.Tests.Rollouts;

/// <summary>What must always hold, on random histories of the machine; and of machines with one defect each, which must be noticed.</summary>
public sealed class RolloutPromiseTests
{
    private delegate Decision Machine(RolloutState state, RolloutEvent e);

    private static readonly Dictionary<string, (string Promise, Machine Machine)> Defects = new(StringComparer.Ordinal)
    {
        ["a swap keeps its generation"] = ("1 ", (s, e) => Changed(Step(s, e), s, alias => alias with { Generation = s.Alias.Generation })),
        ["an approval clears the abort"] = ("3 ", (s, e) => e is RolloutEvent.Approved && s.Rollout.Abort is not null
            ? new(s with { Rollout = s.Rollout with { Abort = null } }, []) : Step(s, e)),
        ["a pin refuses an abort"] = ("4 ", (s, e) => e is RolloutEvent.AbortRequested && s.Alias.Pin is not null ? new(s, []) : Step(s, e)),
        ["an abort waits for the dwell"] = ("4 ", (s, e) =>
            e is RolloutEvent.AbortRequested && s.Rollout.Status == RolloutStatus.Canary && s.Rollout.Watched < TimeSpan.FromSeconds(10) ? new(s, []) : Step(s, e)),
        ["stale evidence counts as healthy"] = ("5 ", (s, e) => Step(s, e is RolloutEvent.Judged { Verdict: Verdict.Stale } j ? j with { Verdict = Verdict.Healthy } : e)),
        ["no data counts as healthy"] = ("5 ", (s, e) => Step(s, e is RolloutEvent.Judged { Verdict: Verdict.NoData } j ? j with { Verdict = Verdict.Healthy } : e)),
        ["half of the gateways are enough"] = ("5 ", (s, e) => Step(s, e is RolloutEvent.Judged j ? j with { Coverage = 1 } : e)),
        ["two steps are folded"] = ("5 ", (s, e) => Changed(Step(s, e), s, alias =>
            alias.Candidate is not null && s.Rollout.Status == RolloutStatus.Warming ? alias with { CandidateBasisPoints = 5000 } : alias)),
        ["the way back is merely the one before"] = ("6 ", (s, e) => Changed(Step(s, e), s, alias =>
            alias.Current == Histories.Tested && s.Alias.Current != Histories.Tested ? alias with { Previous = s.Alias.Current } : alias)),
        ["the way back leads to a quarantined release"] = ("6 ", (s, e) =>
            Step(s with { Alias = s.Alias with { Quarantined = [] } }, e) is var d
                ? d with { Next = d.Next with { Alias = d.Next.Alias with { Quarantined = s.Alias.Quarantined.Union(d.Next.Alias.Quarantined) } } } : d),
        ["a rollback asks whether the old release is warm"] = ("7 ", (s, e) => Step(s, e) is var d && Moment.Exposure(d.Next) < Moment.Exposure(s)
            ? d with { Effects = [new Effect.ProbeWarmth(), .. d.Effects] } : d),
        ["acknowledged counts as rolled back"] = ("9 ", (s, e) => Step(s, e) is var d && d.Next.Rollout.Status == RolloutStatus.Verifying
            ? d with { Next = d.Next with { Rollout = d.Next.Rollout with { Status = RolloutStatus.RolledBack } } } : d),
        ["observing does not wait for acknowledgements"] = ("9 ", (s, e) => Step(
            e is RolloutEvent.Observed && s.Rollout.Status == RolloutStatus.RollingBack
                ? s with { Rollout = s.Rollout with { Status = RolloutStatus.Verifying } } : s, e)),
        ["cold servers are promoted"] = ("10 ", (s, e) => Step(s, e is RolloutEvent.Warmed w ? w with { Failed = null } : e)),
        ["a warm answer is good for ever"] = ("10 ", (s, e) => Step(s with { Rollout = s.Rollout with { WarmedAt = s.Rollout.WarmedAt is null ? null : e.At } }, e)),
        ["the cool-down is forgotten"] = ("11 ", (s, e) => Restored(s, Step(s with { Alias = s.Alias with { RolledBackAt = null } }, e))),
        ["a rollback can be rolled back"] = ("11 ", (s, e) => Changed(Step(s, e), s, alias =>
            s.Alias.Current == Histories.Tested && alias.Current != Histories.Tested ? alias with { Previous = s.Alias.Current } : alias)),
        ["a pin is forgotten"] = ("12 ", (s, e) => Step(s with { Alias = s.Alias with { Pin = null } }, e) is var d
            ? d with { Next = d.Next with { Alias = d.Next.Alias with { Pin = s.Alias.Pin } } } : d),
        ["every change of a plan is approved"] = ("14 ", (s, e) => Step(s, e is RolloutEvent.PlanChanged c ? c with { Approval = "nobody" } : e)),
        ["every step draws its users anew"] = ("15 ", (s, e) => Changed(Step(s, e), s, alias => alias with { Salt = $"{alias.Generation}" })),
        ["a dwell is what the clock says"] = ("18 ", (s, e) => Step(
            s.Rollout.Status == RolloutStatus.Canary ? s with { Rollout = s.Rollout with { Watched = e.At - s.Rollout.Since } } : s, e)),
        ["a bake counts unhealthy time"] = ("18 ", (s, e) => Step(
            s.Rollout.Status == RolloutStatus.Baking ? s with { Rollout = s.Rollout with { Watched = e.At - s.Rollout.Since } } : s, e)),
    };

    public static TheoryData<string> DefectNames => [.. Defects.Keys];

    [Fact]
    public void Every_promise_holds_on_every_random_history()
    {
        if (Broken(RolloutMachine.Step, seeds: 10_000).FirstOrDefault() is { } broken)
        {
            Assert.Fail(broken);
        }
    }

    [Theory]
    [MemberData(nameof(DefectNames))]
    public void A_machine_with_a_defect_is_noticed(string defect)
    {
        var (promise, machine) = Defects[defect];
        Assert.Contains(Broken(machine, seeds: 60_000), broken => broken.StartsWith(promise, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_promise_is_shown_a_machine_that_breaks_it() => Assert.Equal(
        Promise.All.Select(p => p.Name.Split(' ')[0]).Distinct(), Defects.Values.Select(d => d.Promise.Trim()).Distinct());

    private static IEnumerable<string> Broken(Machine machine, int seeds)
    {
        for (var seed = 1; seed <= seeds; seed++)
        {
            var (plan, alias, inputs) = Histories.Draw(seed);
            var state = RolloutMachine.Submit(alias, "r1", Histories.Tested, Histories.ToPlan(plan), Histories.Zero).Next;
            var promises = Array.ConvertAll(Promise.All, p => (p.Name, Holds: p.Begin(state)));
            foreach (var input in inputs)
            {
                var e = Histories.ToEvent(input, state.Alias.Generation);
                var decision = e is not null ? machine(state, e)
                    : new(state with { Alias = state.Alias.Apply(Histories.ToChange(input), state.Alias.Generation) is SwapResult.Swapped s ? s.Alias : state.Alias }, []);
                var moment = new Moment(state, e, decision);
                foreach (var (name, holds) in promises)
                {
                    if (!holds(moment))
                    {
                        yield return $"{name}: seed {seed} '{plan}', {input} in {state.Rollout}";
                    }
                }

                state = decision.Next;
            }
        }
    }

    private static Decision Step(RolloutState state, RolloutEvent e) => RolloutMachine.Step(state, e);

    private static Decision Changed(Decision decision, RolloutState before, Func<AliasRecord, AliasRecord> change) =>
        decision.Next.Alias == before.Alias ? decision : decision with { Next = decision.Next with { Alias = change(decision.Next.Alias) } };

    private static Decision Restored(RolloutState before, Decision decision) => decision.Next.Alias.RolledBackAt is null
        ? decision with { Next = decision.Next with { Alias = decision.Next.Alias with { RolledBackAt = before.Alias.RolledBackAt } } }
        : decision;
}
