using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Core.Rollouts;
using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>What decisions ask of the world outside the alias.</summary>
public sealed class RolloutEffects(ReleaseStore releases, WarmthProbe warmth, Gatekeeper gates, SampleShelf samples)
{
    /// <summary>Why the candidate may not be exposed, or null.</summary>
    public async Task<string?> RunGates(Rollout rollout) =>
        await gates.Refusal(rollout.Alias, await releases.Get(rollout.Candidate), CancellationToken.None);

    /// <summary>Which replica of candidate or baseline gave no answer, or null.</summary>
    public async Task<string?> ProbeWarmth(Rollout rollout) =>
        await warmth.Failure(await releases.Get(rollout.Candidate), await releases.Get(rollout.Baseline));

    /// <summary>Which replica of a release gave no answer, or null.</summary>
    public async Task<string?> ProbeWarmth(string release) => await warmth.Failure(await releases.Get(release));

    /// <summary>Keeps redacted samples for an incident that may come.</summary>
    public void Keep(IEnumerable<Sample> captured) => samples.Keep(captured);
}
