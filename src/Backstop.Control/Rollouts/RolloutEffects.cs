using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>What decisions ask of the world outside the alias.</summary>
public sealed class RolloutEffects(ReleaseStore releases, WarmthProbe warmth, Gatekeeper gates, SampleShelf samples)
{
    /// <summary>Why the candidate may not be exposed, or null.</summary>
    public async Task<string?> RunGates(Rollout rollout)
    {
        // First, because found out during a rollback it is too late.
        var candidate = await releases.Get(rollout.Candidate);
        return candidate.Compatibility.OneWay is { } why
            ? $"{candidate.Name} could not be taken back ({why}): make the change so that the release before it can still serve, or swap by hand"
            : await gates.Refusal(rollout.Alias, candidate, CancellationToken.None);
    }

    /// <summary>Which replica of these releases is not warm, or null.</summary>
    /// <param name="digests">The candidate, and what it could be taken back to.</param>
    public async Task<string?> ProbeWarmth(params IEnumerable<string> digests) =>
        await warmth.Failure(await Task.WhenAll(digests.Distinct(StringComparer.Ordinal).Select(releases.Get)));

    /// <summary>The addresses of the replicas of a release that are counted under a number.</summary>
    public async Task<string> ReplicasOf(string digest, int number) => string.Join(
        ", ", (await releases.Get(digest)).Serving.Replicas.Where((_, place) => ReplicaTest.NumberOf(place) == number).Select(r => r.AbsoluteUri));

    /// <summary>Keeps redacted samples for an incident that may come.</summary>
    public void Keep(IEnumerable<Sample> captured) => samples.Keep(captured);
}
