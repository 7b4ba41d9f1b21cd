using System.Collections.Immutable;
using Backstop.Control.Gates;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>What decisions ask of the world outside the alias.</summary>
public sealed class RolloutEffects(ReleaseStore releases, WarmthProbe warmth, Gatekeeper gates, SampleShelf samples)
{
    /// <summary>Why the candidate may not be exposed, or null.</summary>
    /// <param name="wayBack">Digest of what it could be taken back to.</param>
    public async Task<string?> RunGates(Rollout rollout, string wayBack) =>
        // First, because found out during a rollback it is too late.
        await ClosedWay(rollout, wayBack) ?? await gates.Refusal(rollout.Alias, await releases.Get(rollout.Candidate), await releases.Get(rollout.Baseline), CancellationToken.None);

    /// <summary>Which replica of the candidate, or of what it would be taken back to, is not warm, or whether the way back is closed; or null.</summary>
    /// <param name="wayBack">Digest of what it could be taken back to.</param>
    /// <param name="more">Requests a second that it must bear beside those it serves.</param>
    public async Task<string?> ProbeWarmth(Rollout rollout, string wayBack, double more) =>
        // Asked again: the way back may lead to another release by now, and gates may have been skipped.
        await ClosedWay(rollout, wayBack) ?? await ProbeWarmth(rollout.Candidate, rollout.Baseline, wayBack) ?? (await Bears(await releases.Get(wayBack), more)).TooSmall;

    /// <summary>What the release to return to shows when it is asked for real answers.</summary>
    /// <param name="more">Requests a second that it must bear beside those it serves.</param>
    public async Task<Standby> AskStandby(string digest, double more, DateTimeOffset at)
    {
        var release = await releases.Get(digest);
        var cold = await warmth.Failure(release);
        var (borne, tooSmall) = cold is null ? await Bears(release, more) : (null, null);
        return new(digest, release.Serving.Replicas.Length, at, cold ?? tooSmall, borne, more);
    }

    /// <summary>Asks every release that is kept warm for an answer, where it is kept.</summary>
    public async Task<KeptState[]> AskKept(ImmutableArray<KeptWarm> kept, DateTimeOffset at) =>
        await Task.WhenAll(kept.Select(async k => new KeptState(k.Release, at, await warmth.Failure(await releases.Get(k.Release), k))));

    private async Task<(double? Borne, string? TooSmall)> Bears(Core.Registry.Release release, double more) => await warmth.Bears(release, more) is not { } borne
        ? (null, null)
        : (borne, borne >= more ? null : string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{release.Name} is too small: in a burst it answered {borne:0.#} requests a second beside what it serves, and {more:0.#} more would come back to it"));

    /// <summary>Which replica of these releases is not warm, or null.</summary>
    public async Task<string?> ProbeWarmth(params IEnumerable<string> digests) =>
        await warmth.Failure(await Task.WhenAll(digests.Distinct(StringComparer.Ordinal).Select(releases.Get)));

    /// <summary>The addresses of the replicas of a release that are counted under a number.</summary>
    public async Task<string> ReplicasOf(string digest, int number) => string.Join(
        ", ", (await releases.Get(digest)).Serving.Replicas.Where((_, place) => ReplicaTest.NumberOf(place) == number).Select(r => r.AbsoluteUri));

    /// <summary>Why a release could not be taken back to one of others, with the declarations that say so; null when it could.</summary>
    public async Task<string?> ClosedWay(string candidate, params IEnumerable<string> others)
    {
        var served = await releases.Get(candidate);
        foreach (var other in others.Distinct(StringComparer.Ordinal))
        {
            if (Compatibility.Refusal(served, await releases.Get(other)) is { } why)
            {
                return why;
            }
        }

        return null;
    }

    /// <summary>Which result of a suite the alias requires of a release that has none, and what to do; or null.</summary>
    public async Task<string?> MissingResult(AliasRecord alias, string digest) => await gates.Missing(alias, await releases.Get(digest));

    private async Task<string?> ClosedWay(Rollout rollout, string wayBack) =>
        rollout.Plan.NoWayBack is null && await ClosedWay(rollout.Candidate, rollout.Baseline, wayBack) is { } why
            ? $"{why}. Make the change so that the release before it can still serve, or say in the plan why there need be no way back (no_way_back)"
            : null;

    /// <summary>Keeps redacted samples for an incident that may come.</summary>
    public void Keep(IEnumerable<Sample> captured) => samples.Keep(captured);
}
