using Backstop.Control.Api;
using Backstop.Control.Fleet;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Owns the rollout and the evidence of one alias: events in, decisions durable, then effects.</summary>
/// <remarks>
/// The store is the fence, not this object: two activations may live at once, and the one that is behind finds its
/// compare-and-set refused, reads again and decides again. Nothing here is needed after a crash but what the store holds.
/// </remarks>
internal sealed partial class AliasGrain(
    AliasStore aliases,
    EvidenceStore evidenceStore,
    FleetHub fleet,
    GatewayRoster roster,
    Publisher publisher,
    RolloutEffects effects,
    IncidentBook incidents,
    ControlOptions options,
    TimeProvider clock,
    ILogger<AliasGrain> log) : Grain, IAliasGrain
{
    // Every attempt reads afresh; losing so often in a row means a bug, not a race.
    private const int MostAttempts = 50;

    private static readonly TimeSpan KeepInterval = TimeSpan.FromMinutes(1);

    private readonly string _owner = Guid.NewGuid().ToString("N");
    private AliasRecord _alias = null!;
    private StoredRollout? _rollout;
    private AliasEvidence _evidence = null!;
    private Judgement? _judgement;
    private Successor? _successor;
    private StartedRequests? _started;
    private readonly ArrivalRate _arrivals = new(clock);
    private IncidentReporter _incident = new(incidents, log);
    private DateTimeOffset? _newEvidenceAt;

    // On a clock that nobody can set: a wall clock that goes back an hour must not stop renewals and judgements for an hour.
    private readonly long _born = clock.GetTimestamp();
    private TimeSpan _judgedAt = -KeepInterval;
    private TimeSpan _storedAt = -KeepInterval;
    private TimeSpan _renewedAt = -TimeSpan.FromDays(1);
    private TimeSpan _newEvidence = -KeepInterval;
    private TimeSpan _keptAt;
    private TimeSpan _comparedAt;
    private (long Seen, TimeSpan At) _copies;
    private (EvidenceKey Key, SelfTables Tables)? _self;

    // Merges are numbered, so that whoever brought them can be told which of them are durable.
    private long _merged;
    private long _stored;
    private DateTimeOffset? _storedOnset;

    private string Name => this.GetPrimaryKeyString();

    private TimeSpan Now => clock.GetElapsedTime(_born);

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_evidence, _inputs) = await evidenceStore.Load(Name);
        await Reload();
        _storedOnset = _inputs.Onset;
        await TakeUpContainment();
        await Handle(new RolloutEvent.TakenUp(clock.GetUtcNow()), Actor);

        // The freeze that came with the swap may not have been stored when the last owner died.
        _evidence.Begin(new(Name, _alias.Epoch, _alias.Generation), _rollout?.Evidence.LatencyMargin);

        await CatchUp();
        ReportAgain();
        if (_rollout is { Rollout.Status: RolloutStatus.RollingBack or RolloutStatus.Verifying or RolloutStatus.RollbackDegraded })
        {
            RollbackResumed(log, Name, _alias.Generation);
        }

        await Handle(new DrillEvent.TakenUp(clock.GetUtcNow()));
        SpreadStandby();
        this.RegisterGrainTimer(Tick, new() { DueTime = TimeSpan.Zero, Period = options.JudgeInterval, Interleave = false, KeepAlive = true });
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await StoreEvidence(clock.GetUtcNow());
        await _incident.Finish();
    }

    public Task Wake() => Task.CompletedTask;

    public async Task<AliasReply> Submit(string candidate, string plan, string evidence, bool supersede, string actor)
    {
        var wanted = new Successor($"r{Guid.CreateVersion7():N}", candidate, StoreJson.Read<RolloutPlan>(plan), StoreJson.Read<EvidencePlan>(evidence), actor);
        if (_rollout is not { Rollout.IsTerminal: false } active)
        {
            return await Submit(wanted);
        }

        if (!supersede)
        {
            return Refused(
                $"{Name} has an active rollout, {active.Rollout.Id} ({StatusOf(active.Rollout)}): abort it first, supersede it, or wait until it is over.");
        }

        // Asked now: once the old candidate is gone it would be too late to hear that the new one may not come.
        if (RolloutMachine.Submit(_alias, wanted.Id, candidate, wanted.Plan, clock.GetUtcNow()).Refused is { } refused)
        {
            return Refused(refused);
        }

        _successor = wanted;
        var refusal = await Handle(new RolloutEvent.SupersedeRequested(clock.GetUtcNow(), wanted.Id), actor);
        _successor = null;
        return refusal is null
            ? new(AliasOutcome.Done, _alias.Generation, _rollout!.Rollout.Id)
            : Refused($"{active.Rollout.Id} cannot be superseded: {refusal}.");
    }

    public async Task<AliasReply> Swap(string release, long expectedGeneration, string? noWayBack, string? withoutGates, string reason, string actor) =>
        _rollout is { Rollout: { IsTerminal: false, Status: not RolloutStatus.RollbackDegraded } } active
            ? Refused($"{Name} has an active rollout, {active.Rollout.Id}: abort it before swapping by hand.")
            : _alias.Pin is { } pin
            ? Refused($"{Name} is pinned by {pin.By}: {pin.Reason}. Lift the pin first with 'backstop alias unpin'.")
            : noWayBack is null && _alias.ReturnsTo(release, null) is { } back && await effects.ClosedWay(release, back) is { } closed
            ? Refused($"{closed}. Make the change so that the release before it can still serve, or say why there need be no way back (no_way_back).")
            : withoutGates is null && !HasServed(release) && await effects.MissingResult(_alias, release) is { } missing
            ? Refused($"{missing}, or say why it need not have passed (without_gates).")
            : await Change(
                new AliasChange.Promote(release, HoldbackBasisPoints: 0, _alias.Salt),
                expectedGeneration,
                "alias_swapped",
                reason + (noWayBack is null ? "" : $", without a way back: {noWayBack}") + (withoutGates is null ? "" : $", without its gates: {withoutGates}"),
                actor);

    public async Task<AliasReply> Rollback(string reason, string actor)
    {
        if (_rollout is { } rollout && (!rollout.Rollout.IsTerminal || IsServed(rollout)))
        {
            await Handle(new RolloutEvent.AbortRequested(clock.GetUtcNow(), reason), actor);
            return new(AliasOutcome.Done, _alias.Generation, rollout.Rollout.Id);
        }

        return await Change(new AliasChange.Revert(), _alias.Generation, "alias_reverted", reason, actor);
    }

    public async Task<AliasReply> Tell(string rollout, string command, string actor)
    {
        if (_rollout is not { } known || known.Rollout.Id != rollout)
        {
            return Refused($"Rollout {rollout} is over; another one followed it.");
        }

        return await Handle(StoreJson.Read<RolloutCommand>(command).ToEvent(clock.GetUtcNow(), actor), actor) is { } refused
            ? Refused($"Rollout {rollout}: {refused}.")
            : new(AliasOutcome.Done, _alias.Generation, rollout);
    }

    public Task<AliasReply> Amend(string change, string reason, string actor)
    {
        var (asked, kind) = StoreJson.Read<AliasAmendment>(change).ToChange(actor, reason, clock.GetUtcNow());
        return Change(asked, _alias.Generation, kind, reason, actor);
    }

    public async Task Converged(long generation, DateTimeOffset at)
    {
        if (await HasConverged())
        {
            await Handle(new RolloutEvent.Converged(at, generation), Actor);
        }
    }

    public Task Gated(string rollout, string? failed) => _rollout?.Rollout.Id == rollout
        ? Handle(new RolloutEvent.Gated(clock.GetUtcNow(), failed), Actor)
        : Task.CompletedTask;

    public Task Warmed(string rollout, string? failed) => _rollout?.Rollout.Id == rollout
        ? Handle(new RolloutEvent.Warmed(clock.GetUtcNow(), failed), Actor)
        : Task.CompletedTask;

    public Task<string?> Judgement() => Task.FromResult(_judgement is not { } judgement ? null : StoreJson.Write(
        _rollout is { } rollout && rollout.Contrast() is { Stages.IsEmpty: false } contrast ? judgement with { Bounds = ContrastBounds.Of(_evidence, contrast, rollout.Evidence) } : judgement));

    public Task<string?> ShadowJudgement() => Task.FromResult(_rollout?.Shadow is { } shadow ? StoreJson.Write(shadow) : null);

    public Task<string> SelfComparison() => Task.FromResult(StoreJson.Write(
        SelfComparisonView.Of(_evidence.Self, _evidence.Find(new(Name, _alias.Epoch, _alias.Generation)))));

    private async Task<AliasReply> Submit(Successor wanted)
    {
        var now = clock.GetUtcNow();
        var decision = RolloutMachine.Submit(_alias, wanted.Id, wanted.Candidate, wanted.Plan, now);
        if (decision.Refused is { } refused)
        {
            return Refused(refused);
        }

        var budget = await aliases.Budget(_alias, now);
        var alpha = budget.Allow(wanted.Evidence.Alpha);
        var stored = new StoredRollout { SubmittedAt = now, Rollout = decision.Next.Rollout, Evidence = wanted.Evidence with { Alpha = alpha } };
        var draft = new JournalDraft(
            "rollout_submitted",
            wanted.Actor,
            $"rollout {wanted.Id} of {wanted.Candidate}, plan sha256:{decision.Next.Rollout.PlanDigest}{Exceptions(wanted.Plan)}{Lowered(wanted.Evidence.Alpha, budget)}");
        if (!await Commit(decision.Next.Alias, stored, draft))
        {
            return Stale();
        }

        _evidence.ForgetBefore(new(Name, _alias.Epoch, _alias.Generation));
        _rollout = stored;
        _started = new(wanted.Candidate);
        _incident.TellAgain(); // The store answers again, and nobody else will.
        _incident = new(incidents, log);
        _judgement = null;
        await Run(decision.Effects);
        return new(AliasOutcome.Done, _alias.Generation, wanted.Id);
    }

    private async Task StartSuccessor()
    {
        if (_rollout?.Successor is { } wanted && await Submit(wanted) is { Outcome: not AliasOutcome.Done } reply)
        {
            SuccessorRefused(log, wanted.Id, Name, reply.Text);
        }
    }

    private async Task<AliasReply> Change(AliasChange change, long expected, string kind, string reason, string actor)
    {
        switch (_alias.Apply(change, expected))
        {
            case SwapResult.Refused refused:
                return Refused(refused.Reason);
            case SwapResult.Swapped swapped when await Write(swapped.Alias, new(kind, actor, reason)):
                return new(AliasOutcome.Done, _alias.Generation, "");
            default:
                return Stale();
        }
    }

    /// <summary>Writes a row that the rollout did not decide, and goes on judging under its generation; false when somebody else moved first.</summary>
    private async Task<bool> Write(AliasRecord next, JournalDraft draft)
    {
        var rollout = _rollout is { } judged && (judged.IsShadowing || judged.Contrast() is not null)
            ? judged with { Revision = judged.Revision + 1, Stages = judged.Stages.Add(next.ToRoute()) }
            : null;
        if (!await Commit(next, rollout, draft))
        {
            return false;
        }

        (_alias, _rollout) = (next, rollout ?? _rollout);
        _evidence.Begin(new(Name, _alias.Epoch, _alias.Generation), _rollout?.Evidence.LatencyMargin);
        await Push();
        return true;
    }

    private async Task Reload()
    {
        _alias = await aliases.Find(Name) ?? throw new InvalidOperationException($"There is no alias {Name}.");
        _rollout = await aliases.LatestRollout(Name);
        if (_rollout is { } rollout && _started?.Release != rollout.Rollout.Candidate)
        {
            _started = new(rollout.Rollout.Candidate);
        }
    }

    // The last owner may have died between its decision and its report.
    private void ReportAgain()
    {
        if (_rollout is not { } rollout)
        {
            return;
        }

        _incident.Continue(rollout.IncidentId);
        if (_incident.IncidentId is null && rollout is { Rollout: { Status: not RolloutStatus.Rejected, Abort: { } reason } } && _alias.Quarantined.Contains(rollout.Rollout.Candidate))
        {
            _incident.Open(rollout, judgement: null, ControlRates.Unknown, new(Blamed: true, reason));
        }

        _incident.Stamp(rollout.Timeline);
    }

    // To go back is never held up.
    private bool HasServed(string release) => release == _alias.Current || release == _alias.Previous || release == _alias.LastVerified;

    private bool IsServed(StoredRollout rollout) =>
        rollout.Rollout.Status == RolloutStatus.Completed && rollout.Rollout.Candidate == _alias.Current && _alias.Previous is not null;

    private static string Lowered(double asked, AlarmBudget budget) => budget.Allow(asked) is var alpha && alpha < asked
        ? FormattableString.Invariant($", judged at alpha {alpha:0.##E+0} instead of {asked:0.##E+0}: {budget.Spent:0.####} of {budget.PerMonth:0.####} false rollbacks in thirty days are spent")
        : "";

    private AliasReply Refused(string text) => new(AliasOutcome.Refused, _alias.Generation, text);

    private AliasReply Stale() => new(AliasOutcome.Stale, _alias.Generation, $"{Name} is at generation {_alias.Generation} now. Read it again and decide again.");

    private static string StatusOf(Rollout rollout) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(rollout.Status.ToString());

    [LoggerMessage(3105, LogLevel.Error, "Rollout {Rollout} of {Alias} was to take another one's place and may not begin: {Reason}")]
    private static partial void SuccessorRefused(ILogger logger, string rollout, string alias, string reason);

    [LoggerMessage(3101, LogLevel.Warning, "Takes up the unfinished rollback of {Alias} at generation {Generation}.")]
    private static partial void RollbackResumed(ILogger logger, string alias, long generation);
}
