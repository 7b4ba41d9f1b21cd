using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Tests.Rollouts.Model;

namespace Backstop.Core.Tests.Rollouts;

/// <summary>The machine beside a second implementation that shares no code with it: after every event both say the same.</summary>
public sealed class RolloutModelTests
{
    [Fact]
    public void The_machine_and_the_model_agree_on_every_random_history() => Compare(from: 1, count: 40_000);

    [Fact(Explicit = true)]
    public void The_machine_and_the_model_agree_on_a_million_random_histories() => Compare(from: 1_000_000, count: 1_000_000);

    [Fact]
    public void The_histories_reach_every_status()
    {
        var reached = new HashSet<RolloutStatus>();
        for (var seed = 1; seed < 3000; seed++)
        {
            Play(seed, (state, _) => reached.Add(state.Rollout.Status));
        }

        Assert.Equal(Enum.GetValues<RolloutStatus>().Order(), reached.Order());
    }

    private static void Compare(int from, int count) =>
        Assert.Null(Enumerable.Range(from, count).AsParallel().WithDegreeOfParallelism(2).Select(Difference).FirstOrDefault(found => found is not null));

    private static string? Difference(int seed)
    {
        string? found = null;
        Play(seed, (_, text) => found ??= text);
        return found is null ? null : $"seed {seed}: {found}";
    }

    private static void Play(int seed, Action<RolloutState, string?> see)
    {
        var (plan, alias, inputs) = Histories.Draw(seed);
        var model = new RolloutModel(plan, alias.Current, Histories.Tested, 0)
        {
            LastVerified = alias.LastVerified, RolledBackAt = (alias.RolledBackAt - Histories.Zero)?.TotalSeconds,
        };
        model.Quarantined.UnionWith(alias.Quarantined);
        var submitted = RolloutMachine.Submit(alias, "r1", Histories.Tested, Histories.ToPlan(plan), Histories.Zero);
        Assert.Null(submitted.Refused);
        var state = submitted.Next;
        for (var i = 0; i < inputs.Length; i++)
        {
            var decision = Histories.ToEvent(inputs[i], state.Alias.Generation) is { } e
                ? RolloutMachine.Step(state, e)
                : new(state with { Alias = state.Alias.Apply(Histories.ToChange(inputs[i]), state.Alias.Generation) is SwapResult.Swapped s ? s.Alias : state.Alias }, []);
            model.Feed(inputs[i]);
            state = decision.Next;
            var (mine, theirs) = (Words(decision), Words(model));
            see(state, mine == theirs ? null : $"after {i + 1} events, the last {inputs[i]} under '{plan}'\n  machine {mine}\n  model   {theirs}");
        }
    }

    private static string Words(Decision decision)
    {
        var (rollout, alias) = (decision.Next.Rollout, decision.Next.Alias);
        var did = decision.Effects.Select(e => e switch
        {
            Effect.Push => "push",
            Effect.Page => "page",
            Effect.OpenIncident => "incident",
            Effect.ProbeWarmth => "warm",
            Effect.RunGates => "gates",
            Effect.Watch => "watch",
            _ => "successor",
        });
        return Words(
            rollout.Status, rollout.Step, alias.Current, alias.Candidate, alias.Previous, alias.LastVerified, alias.CandidateBasisPoints,
            alias.ShadowBasisPoints, alias.HoldbackBasisPoints, alias.Generation, rollout.Abort is not null, rollout.Paused, rollout.Shrunk,
            rollout.Contained, alias.Pin is not null, rollout.Watched.TotalSeconds, string.Join(' ', alias.Quarantined),
            string.Join(' ', did.Order()), decision.Refused is not null);
    }

    private static string Words(RolloutModel model) => Words(
        model.Phase, model.Step, model.Current, model.Candidate, model.Previous, model.LastVerified, model.Share, model.Shadow, model.Holdback,
        model.Generation, model.Aborted, model.Paused, model.Shrunk, model.Contained, model.Pinned, model.Watched,
        string.Join(' ', model.Quarantined), string.Join(' ', model.Did.Order()), model.Refused);

    private static string Words(params object?[] facts) => string.Join(" | ", facts);
}
