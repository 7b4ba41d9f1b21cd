using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>Every transition of the machine that a small plan can reach, found by trying every event in every status.</summary>
internal static class Transitions
{
    private const int Longest = 18;

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(5);

    private static readonly RolloutPlan[] Plans =
    [
        new()
        {
            Shadow = new(1000, TimeSpan.FromSeconds(5), 0),
            Steps = [new(500, TimeSpan.FromSeconds(5), 0), new(5000, TimeSpan.FromSeconds(5), 0, Approval: true)],
            Bake = TimeSpan.FromSeconds(5),
            HeldDeadline = TimeSpan.FromSeconds(10),
            ConvergenceDeadline = TimeSpan.FromSeconds(10),
            VerifyWindow = TimeSpan.FromSeconds(5),
            HeldAction = HeldAction.Shrink,
        },
        new()
        {
            Steps = [],
            Bake = TimeSpan.FromSeconds(5),
            ConvergenceDeadline = TimeSpan.FromSeconds(10),
            VerifyWindow = TimeSpan.FromSeconds(5),
            BreakGlass = "current is broken",
        },
        new() { Steps = [new(500, TimeSpan.FromSeconds(5), 0)], End = PlanEnd.Withdraw, HeldDeadline = TimeSpan.FromSeconds(10) },
    ];

    /// <summary>One of each, with the state it begins in.</summary>
    public static IEnumerable<(RolloutState Before, RolloutEvent Event, Decision Decision)> All() => Plans.SelectMany(Of);

    /// <summary>Every event there is, five seconds later.</summary>
    public static IEnumerable<RolloutEvent> Events(RolloutState state)
    {
        var at = state.Rollout.WatchedAt + Gap;
        return
        [
            new RolloutEvent.Gated(at, Failed: null),
            new RolloutEvent.Gated(at, "no"),
            new RolloutEvent.Warmed(at, Failed: null),
            new RolloutEvent.Warmed(at, "cold"),
            .. Enum.GetValues<Verdict>().Select(verdict => new RolloutEvent.Judged(at, verdict, 10_000, OneArmAlarm: false, $"{verdict}")),
            new RolloutEvent.Judged(at, Verdict.Inconclusive, 10_000, OneArmAlarm: true, "alarm"),
            new RolloutEvent.SafetyTripped(at, "leak"),
            new RolloutEvent.Unready(at, "gone"),
            new RolloutEvent.Converged(at, state.Alias.Generation),
            new RolloutEvent.Observed(at, OnBadRelease: 0, TimeSpan.FromSeconds(9)),
            new RolloutEvent.Observed(at, OnBadRelease: 3, TimeSpan.FromSeconds(9)),
            new RolloutEvent.AbortRequested(at, "a person"),
            new RolloutEvent.PauseRequested(at, "look"),
            new RolloutEvent.ResumeRequested(at),
            new RolloutEvent.Approved(at, Step: 2),
            new RolloutEvent.SupersedeRequested(at, "r2"),
            new RolloutEvent.Ticked(at),
        ];
    }

    private static IEnumerable<(RolloutState, RolloutEvent, Decision)> Of(RolloutPlan plan)
    {
        var alias = new AliasRecord { Name = "assistant:prod", Current = "v7", Salt = "s" };
        var first = RolloutMachine.Submit(alias, "r1", "v8", plan, Start).Next;
        var (seen, taken) = (new HashSet<string> { Key(first) }, new HashSet<string>());
        var frontier = new Queue<(RolloutState State, int Length)>([(first, 0)]);
        while (frontier.TryDequeue(out var at))
        {
            foreach (var e in Events(at.State))
            {
                var decision = RolloutMachine.Step(at.State, e);
                if (decision.IsNews(at.State) && taken.Add(Name(at.State, e, decision)))
                {
                    yield return (at.State, e, decision);
                }

                if (at.Length < Longest && seen.Add(Key(decision.Next)))
                {
                    frontier.Enqueue((decision.Next, at.Length + 1));
                }
            }
        }
    }

    private static string Name(RolloutState before, RolloutEvent e, Decision decision) =>
        $"{before.Rollout.Status} {Kind(e)} {decision.Next.Rollout.Status} {string.Join(' ', decision.Effects.Select(f => f.GetType().Name))}";

    // Time is part of it only as far as a deadline goes.
    private static string Key(RolloutState state) => string.Join(
        ' ',
        (ImmutableArray<object?>)
        [
            state.Rollout.Status, state.Rollout.Step, state.Rollout.Paused, state.Rollout.Shrunk, state.Rollout.Contained, state.Rollout.Promoted,
            state.Rollout.Acknowledged, state.Rollout.SupersededBy, state.Rollout.Abort is null, state.Rollout.Withheld, state.Rollout.Waits is null,
            state.Rollout.ApprovedStep, Math.Min(2, Math.Floor(state.Rollout.Watched / Gap)), state.Rollout.WarmedAt is null, state.Alias.Current,
            state.Alias.Candidate, state.Alias.CandidateBasisPoints,
        ]);

    private static string Kind(RolloutEvent e) => e switch
    {
        RolloutEvent.Judged judged => $"{judged.Verdict} {judged.OneArmAlarm}",
        RolloutEvent.Gated gated => $"gated {gated.Failed}",
        RolloutEvent.Warmed warmed => $"warmed {warmed.Failed}",
        RolloutEvent.Observed observed => $"observed {observed.OnBadRelease}",
        _ => e.GetType().Name,
    };
}
