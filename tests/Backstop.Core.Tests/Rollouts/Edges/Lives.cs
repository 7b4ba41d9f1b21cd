using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Core.Tests.Rollouts.Edges;

/// <summary>Rollouts at the places where things go wrong.</summary>
internal static class Lives
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly AliasRecord Alias = new() { Name = "assistant:prod", Current = "v7", Salt = "s" };

    public static readonly RolloutPlan Plan = new()
    {
        Steps = [new(500, TimeSpan.FromSeconds(20), 100), new(5000, TimeSpan.FromSeconds(20), 100)],
        Bake = TimeSpan.FromSeconds(30),
        WarmFor = TimeSpan.FromHours(1),
        VerifyWindow = TimeSpan.FromSeconds(2),
    };

    /// <summary>On the first step.</summary>
    public static RolloutState Canary(RolloutPlan? plan = null, AliasRecord? alias = null) => RolloutMachine.Submit(alias ?? Alias, "r1", "v8", plan ?? Plan, Start).Next
        .Then(new RolloutEvent.Gated(Start, Failed: null), new RolloutEvent.Warmed(Start, Failed: null));

    /// <summary>All users, not yet acknowledged.</summary>
    public static RolloutState Promoting(AliasRecord? alias = null) => Canary(Plan with { Steps = [] }, alias);

    public static RolloutState Baking(AliasRecord? alias = null)
    {
        var promoting = Promoting(alias);
        return promoting.Then(new RolloutEvent.Converged(promoting.Rollout.WatchedAt, promoting.Alias.Generation));
    }

    public static RolloutState Then(this RolloutState state, params IEnumerable<RolloutEvent> events) =>
        events.Aggregate(state, (s, e) => RolloutMachine.Step(s, e).Next);

    /// <summary>Healthy verdicts once a second.</summary>
    public static RolloutState Healthy(this RolloutState state, int seconds) =>
        Enumerable.Range(0, seconds).Aggregate(state, (s, _) => s.Then(s.Judged(Verdict.Healthy, after: 1)));

    public static RolloutEvent.Judged Judged(this RolloutState state, Verdict verdict, double after = 0) =>
        new(state.At(after), verdict, 10_000, OneArmAlarm: false, $"{verdict}");

    public static DateTimeOffset At(this RolloutState state, double after) => state.Rollout.WatchedAt + TimeSpan.FromSeconds(after);
}
