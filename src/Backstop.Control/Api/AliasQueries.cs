using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Control.Fleet;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Api;

/// <summary>What can be asked about aliases, rollouts and the journal: by the API and by the pages alike.</summary>
public sealed class AliasQueries(DurableStore store, AliasStore aliases, ReleaseStore releases, FleetHub fleet, IGrainFactory grains, TimeProvider clock)
{
    /// <summary>One alias with everything about it, or null.</summary>
    public async Task<AliasView?> Alias(string name) => await aliases.Find(name) is { } alias
        ? await View(alias) with { Budget = View(await aliases.Budget(alias, clock.GetUtcNow())) }
        : null;

    /// <summary>Every alias that the asker may see.</summary>
    public async Task<List<AliasView>> Aliases(Func<string, bool>? sees = null)
    {
        var views = new List<AliasView>();
        foreach (var alias in (await aliases.All()).Where(a => sees?.Invoke(a.Name) != false))
        {
            views.Add(await View(alias));
        }

        return views;
    }

    /// <summary>Some of them, by name.</summary>
    /// <param name="after">The one that they follow, or null.</param>
    /// <param name="limit">At most so many.</param>
    public async Task<List<AliasView>> Page(AliasView? after, int limit)
    {
        var views = new List<AliasView>();
        foreach (var alias in await aliases.Page(after?.Name, limit))
        {
            views.Add(await View(alias));
        }

        return views;
    }

    /// <summary>What the baseline of an alias showed against itself.</summary>
    public async Task<SelfComparisonView> SelfComparison(string name) =>
        StoreJson.Read<SelfComparisonView>(await grains.GetGrain<IAliasGrain>(name).SelfComparison());

    /// <summary>How what requests to an alias bring with them has drifted.</summary>
    public async Task<DriftView> Drift(string name) => StoreJson.Read<DriftView>(await grains.GetGrain<IAliasGrain>(name).Drift());

    /// <summary>One rollout, or null.</summary>
    public async Task<RolloutView?> Rollout(string id) => await aliases.Rollout(id) is { } rollout
        ? await View(rollout) with { Judgement = (await aliases.LatestRollout(rollout.Rollout.Alias))?.Rollout.Id == id ? await Judgement(rollout) : null }
        : null;

    /// <summary>The rollouts of an alias, the last submitted first.</summary>
    /// <param name="limit">At most so many.</param>
    public async Task<List<RolloutView>> Rollouts(string alias, int limit)
    {
        var views = new List<RolloutView>();
        foreach (var rollout in await aliases.Rollouts(alias, limit))
        {
            views.Add(await View(rollout));
        }

        return views;
    }

    /// <summary>Entries of the journal, oldest first.</summary>
    /// <param name="after">Only entries after this number.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="alias">Only those of this alias, or null for all.</param>
    public async Task<List<JournalView>> Journal(long after, int limit, string? alias)
    {
        var rows = await store.Read(context => context.Journal
            .Where(e => e.Sequence > after && (alias == null || e.Alias == alias))
            .OrderBy(e => e.Sequence).Take(limit).ToListAsync());
        return rows.ConvertAll(View);
    }

    /// <summary>An entry as it is shown.</summary>
    public static JournalView View(JournalRow e) => new(
        e.Sequence, e.At, e.Kind, e.Actor, e.Alias, e.Generation, e.Reason, Json(e.Before), Json(e.After), e.PreviousHash, e.Hash);

    /// <summary>Whether the journal is whole and unchanged.</summary>
    public Task<JournalCheck> VerifyJournal() => store.Read(async context =>
    {
        var flaw = await Registry.Journal.Verify(context);
        return new JournalCheck(flaw is null, await context.Journal.LongCountAsync(), flaw);
    });

    /// <summary>A release as it is shown: name and digest.</summary>
    public async Task<ReleaseName> Name(string digest) => new((await releases.Find(digest))?.Release.Name ?? digest, digest);

    private async Task<AliasView> View(AliasRecord alias)
    {
        var rollout = await aliases.LatestRollout(alias.Name);
        return new(
            alias.Name,
            alias.Epoch,
            alias.Generation,
            await Name(alias.Current),
            alias.Candidate is null ? null : await Name(alias.Candidate),
            alias.CandidateBasisPoints,
            alias.Previous is null ? null : await Name(alias.Previous),
            alias.HoldbackBasisPoints,
            alias.LastVerified is null,
            alias.Pin,
            alias.Freezes,
            [.. alias.RequiredGates.Select(g => new RequiredGateView(g.Gate, g.Digest, g.Within.TotalHours))],
            alias.Drill is { } drill ? DrillView.Of(drill, Snake(drill.Phase)) : null,
            alias.Previous is null ? null : await Standby(alias, rollout),
            [.. alias.Mitigations.Select(MitigationView.Of)],
            alias.DrillEvery?.TotalHours,
            alias.DrillBasisPoints,
            MonitorView.Of(alias.Monitor),
            [.. await Task.WhenAll(alias.Quarantined.Select(Name))],
            alias.CaptureSamples,
            (long)alias.LabelDeadline.TotalMilliseconds,
            (long)alias.CandidateLease.TotalMilliseconds,
            [.. fleet.Progress(alias.Name).Select(g => new GatewayView(g.Gateway, g.Generation, g.AckedAt == default ? null : g.AckedAt))],
            rollout is null ? null : await View(rollout),
            rollout is null ? null : await Judgement(rollout))
        {
            KeptWarm = alias.KeptWarm.IsEmpty ? [] : await KeptWarm(alias),
        };
    }

    private async Task<ImmutableArray<KeptView>> KeptWarm(AliasRecord alias)
    {
        var seen = await grains.GetGrain<IAliasGrain>(alias.Name).KeptState() is { } state ? StoreJson.Read<KeptState[]>(state) : [];
        return
        [
            .. await Task.WhenAll(alias.KeptWarm.Select(async kept =>
                new KeptView((await Name(kept.Release)).Name, kept.At, seen.FirstOrDefault(s => s.Release == kept.Release)?.At, seen.FirstOrDefault(s => s.Release == kept.Release)?.Failed))),
        ];
    }

    private async Task<JudgementView?> Judgement(StoredRollout latest) =>
        latest.Contrast() is not null && await grains.GetGrain<IAliasGrain>(latest.Rollout.Alias).Judgement() is { } judgement
            ? View(StoreJson.Read<Judgement>(judgement))
            : null;

    private async Task<RolloutView> View(StoredRollout stored)
    {
        var rollout = stored.Rollout;
        return new(
            rollout.Id,
            rollout.Alias,
            Snake(rollout.Status),
            rollout.Step,
            rollout.Plan.Steps.Length,
            rollout.Reason ?? rollout.Abort ?? rollout.Waits,
            rollout.Abort,
            await Name(rollout.Candidate),
            await Name(rollout.Baseline),
            rollout.Generation,
            rollout.Contained,
            rollout.Paused,
            rollout.Waits,
            rollout.Withheld,
            (long)rollout.Watched.TotalMilliseconds,
            rollout.SupersededBy,
            stored.SubmittedAt,
            rollout.Since,
            stored.Timeline,
            stored.IncidentId,
            await Shadow(stored) is { } shadow ? ShadowView.Of(shadow) : null)
        {
            State = StateTag.Of(stored),
        };
    }

    private static BudgetView View(AlarmBudget budget) => new(budget.PerMonth, budget.Spent, budget.Left, budget.Rollouts);

    // What was written with the last step is old while copies still arrive.
    private async Task<ShadowJudgement?> Shadow(StoredRollout stored) =>
        stored.IsShadowing && await grains.GetGrain<IAliasGrain>(stored.Rollout.Alias).ShadowJudgement() is { } seen
            ? StoreJson.Read<ShadowJudgement>(seen)
            : stored.Shadow;

    private async Task<StandbyView?> Standby(AliasRecord alias, StoredRollout? rollout)
    {
        if (await grains.GetGrain<IAliasGrain>(alias.Name).StandbyState() is not { } state)
        {
            return null;
        }

        var seen = StoreJson.Read<Standby>(state);
        var since = rollout?.Rollout.Candidate == alias.Current ? rollout.PromotedAt : null;
        return new(
            (await Name(seen.Release)).Name, seen.Replicas, seen.At, seen.Failed, seen.BornePerSecond, seen.WantedPerSecond, since,
            since is { } from ? seen.Replicas * (clock.GetUtcNow() - from).TotalHours : null);
    }

    private static JudgementView View(Judgement judgement)
    {
        var groups = judgement.Groups.ToDictionary(g => g.Group);
        return new(
            Snake(judgement.Verdict),
            judgement.Reason,
            judgement.Shared,
            judgement.Units,
            Values(groups, g => g.LogE),
            groups.TryGetValue(EvidenceGroup.Quality, out var quality) ? quality.LogThreshold : 0,
            Values(groups, g => g.LogThreshold),
            judgement.OneArmAlarm,
            View(judgement.Tested, judgement.Bounds?.Tested),
            View(judgement.Control, judgement.Bounds?.Control),
            judgement.Offending is { } offending ? Snake(offending) : null,
            judgement.SickReplica,
            judgement.Latency is { } latency
                ? new(latency.LogE, latency.LogThreshold, latency.Tested, latency.Control)
                {
                    TestedBounds = judgement.Bounds?.Tested.Latency, ControlBounds = judgement.Bounds?.Control.Latency,
                }
                : null,
            [
                .. judgement.Scores.Select((s, i) => new ScoreView(s.Name, s.LogE, s.LogThreshold, s.IsUneven, s.Tested, s.Control)
                {
                    TestedBounds = judgement.Bounds?.Tested.Scores[i], ControlBounds = judgement.Bounds?.Control.Scores[i],
                }),
            ],
            judgement.Digest)
        {
            Difference = judgement.Bounds?.Difference,
        };
    }

    private static GroupValues Values(Dictionary<EvidenceGroup, GroupEvidence> groups, Func<GroupEvidence, double> value) => new(
        groups.TryGetValue(EvidenceGroup.Form, out var form) ? value(form) : 0,
        groups.TryGetValue(EvidenceGroup.Quality, out var quality) ? value(quality) : 0);

    private static ArmView View(ArmEvidence arm, ArmBounds? bounds)
    {
        return new(arm.Units, arm.FailureRate, ByOutcome(arm.Rates)) { FailureRateBounds = bounds?.FailureRate, RateBounds = bounds is null ? null : ByOutcome(bounds.Rates) };

        static ImmutableSortedDictionary<string, T> ByOutcome<T>(ImmutableArray<T> values) =>
            values.Select((value, i) => (Outcome: Snake((Outcome)i), value)).ToImmutableSortedDictionary(v => v.Outcome, v => v.value, StringComparer.Ordinal);
    }

    private static string Snake<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    // A release's entry holds its digest, which is text and not JSON.
    private static JsonElement? Json(string? text) => text switch
    {
        null => null,
        ['{', ..] => JsonElement.Parse(text),
        _ => JsonSerializer.SerializeToElement(text),
    };
}
