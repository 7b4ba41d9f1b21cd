using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>Evidence in, verdicts out, and what time brings.</summary>
internal sealed partial class AliasGrain
{
    public async Task<MergeReply> Merge(byte[][] batches, DateTimeOffset receivedAt)
    {
        var isNews = false;
        foreach (var batch in batches)
        {
            isNews |= Merge(Protocol.SignalBatch.Parser.ParseFrom(batch));
        }

        _merged += batches.Length > 0 ? 1 : 0;
        if (isNews)
        {
            _newEvidenceAt = receivedAt;
            _newEvidence = Now;
            if (Now - _judgedAt >= options.JudgeInterval)
            {
                await Judge();
            }
        }

        return new(_owner, _merged, _stored);
    }

    /// <summary>Takes in one batch; false when it says nothing new that could be judged.</summary>
    private bool Merge(Protocol.SignalBatch message)
    {
        if (!_evidence.Merge(message.ToBatch()))
        {
            return false;
        }

        foreach (var input in message.Inputs.Where(i => i.Alias == Name))
        {
            _inputs.Add(input.Bucket, input.ToCount());
            CountAnchors(input.ToCount());
        }

        foreach (var started in message.Started.Where(s => s.Alias == Name))
        {
            _arrivals.Add(started);
            _started?.Add(started);
            _onPrevious?.Add(started);
            _onCurrent?.Add(started);
        }

        effects.Keep(message.Samples.Where(s => s.Alias == Name));
        return message.Epochs.Any(e => e.Alias == Name) || message.Shadows.Any(s => s.Alias == Name);
    }

    private async Task Tick()
    {
        if (_rollout is { } rollout)
        {
            await Advance(rollout, clock.GetUtcNow());
        }

        await LookAtInputs(clock.GetUtcNow());
        TellOfAnchors();
        CompareWithItself();
        await AdvanceDrill(clock.GetUtcNow());
        WatchStandby();
        await EndMitigations(clock.GetUtcNow());
        WatchKept();
        if (IsUnstored && Now - _storedAt >= options.EvidenceInterval)
        {
            await StoreEvidence(clock.GetUtcNow());
        }

        await MakeUp();
    }

    /// <summary>Compares the baseline with itself, whether or not anything is being rolled out.</summary>
    private void CompareWithItself()
    {
        if (_newEvidence <= _comparedAt || _evidence.Find(new(Name, _alias.Epoch, _alias.Generation)) is not { } stage)
        {
            return;
        }

        _comparedAt = Now;
        if (_self is not var (key, tables) || key != stage.Key)
        {
            _self = (stage.Key, tables = new(_rollout?.Evidence ?? new(), _evidence.RatesFor(stage.Key)));
        }

        _evidence.Self = _evidence.Self.Look(stage, tables);
    }

    private async Task Advance(StoredRollout rollout, DateTimeOffset at)
    {
        // Only a living owner renews: when this stops, gateways take the candidate's share away by themselves.
        if (rollout.HoldsLease && Now - _renewedAt >= _alias.CandidateLease / 3)
        {
            _renewedAt = Now;
            fleet.RenewLease(Name, _alias.Epoch, _alias.Generation);
        }

        // Again or for the first time: the moment's own events may have been lost with an earlier owner.
        if (rollout.Rollout is { Acknowledged: false, Status: RolloutStatus.Promoting or RolloutStatus.RollingBack or RolloutStatus.RollbackDegraded }
            && await HasConverged())
        {
            await Handle(new RolloutEvent.Converged(at, _alias.Generation), Actor);
        }
        else if (rollout.Rollout.Status is RolloutStatus.Verifying or RolloutStatus.RollbackDegraded)
        {
            await Observe(rollout.Rollout, at);
        }
        else if (!rollout.Rollout.IsTerminal)
        {
            await Handle(new RolloutEvent.Ticked(at, rollout.Rollout.Status == RolloutStatus.RollingBack ? Away() : null), Actor);
        }

        await KeepWatchedTime();

        // Without new evidence only its age changes, and that is counted in seconds.
        if (Now - _judgedAt >= (_newEvidence > _judgedAt ? options.JudgeInterval : TimeSpan.FromSeconds(1)))
        {
            await Judge();
        }
    }

    // A gateway that has just come to another control plane may not be known here yet. It is in the store, before it is told anything.
    private async Task<bool> HasConverged()
    {
        if (!Follows())
        {
            return false;
        }

        fleet.Recall(await roster.Load());
        return Follows();

        bool Follows() => fleet.HasConverged(Name, _alias.Epoch, _alias.Generation, _rollout?.StandingSince);
    }

    private string? Away()
    {
        const int named = 5;
        var away = fleet.Away(Name, _alias.Epoch, _alias.Generation, _rollout?.StandingSince);
        return away.IsEmpty
            ? null
            : $"awaiting {away.Length} gateway{(away.Length == 1 ? "" : "s")} that {(away.Length == 1 ? "is" : "are")} away and may serve it: " +
                $"{string.Join(", ", away.Take(named))}{(away.Length > named ? ", …" : "")}. When one is gone for good: backstop gateway forget {away[0]}";
    }

    // Of a bake of hours, a crash may cost a minute and not all of it.
    private async Task KeepWatchedTime()
    {
        if (_rollout is { Rollout.IsTerminal: false } rollout && Now - _keptAt >= KeepInterval)
        {
            _keptAt = Now;
            var next = rollout with { Revision = rollout.Revision + 1 };
            if (await aliases.Keep(next))
            {
                _rollout = next;
            }
            else
            {
                await Reload();
            }
        }
    }

    private async Task Observe(Rollout rollout, DateTimeOffset at)
    {
        // Once degraded, only what is still going on counts: the window begins again with every request that should not have been.
        var window = rollout.Watched - options.ReportDelay;
        var from = rollout.Status == RolloutStatus.Verifying ? rollout.Since : at - rollout.Plan.VerifyWindow - options.ReportDelay;
        await Handle(new RolloutEvent.Observed(at, _started?.After(from) ?? 0, window), Actor);
    }

    private async Task Judge()
    {
        if (_rollout is { IsShadowing: true } shadowing)
        {
            await JudgeCopies(shadowing);
            return;
        }

        if (_rollout?.Contrast() is not { Stages.IsEmpty: false } contrast)
        {
            return;
        }

        var now = clock.GetUtcNow();
        _judgedAt = Now;
        var judgement = Core.Evidence.Judge.Evaluate(_evidence, contrast, _rollout.Evidence, now);
        if (judgement.SickReplica is { } sick)
        {
            // An operator looks for a machine, and not for a number.
            judgement = judgement with { Reason = $"{judgement.Reason} (number {sick} is {await effects.ReplicasOf(_rollout.Rollout.Candidate, sick)})" };
        }

        _judgement = judgement;
        var coverage = fleet.Coverage(Name, _alias.Epoch, _alias.Generation);
        await Handle(
            new RolloutEvent.Judged(
                now, judgement.Verdict, judgement.Units, judgement.OneArmAlarm, judgement.Reason, coverage, Bears(), await Missing(judgement.Verdict)),
            Actor);
        _incident.Refine(_rollout!, judgement, _evidence.RatesFor(new(Name, _alias.Epoch, _alias.Generation)), ByItself());
    }

    // That a change of the inputs began or ended is seen by a look and not by a batch.
    private bool IsUnstored => _merged > _stored || _inputs.Onset != _storedOnset;

    private async Task JudgeCopies(StoredRollout stored)
    {
        var (rollout, now) = (stored.Rollout, clock.GetUtcNow());
        if (rollout.Plan.Shadow is not { } stage)
        {
            return;
        }

        _judgedAt = Now;
        var seen = _evidence.Shadowed(rollout.Candidate, stored.ShadowStages);
        if (seen.Copies != _copies.Seen)
        {
            _copies = (seen.Copies, Now);
        }

        var judgement = ShadowJudge.Evaluate(
            seen, rollout.Plan.ShadowRule, stored.Evidence, stage.MinUnits, rollout.Watched >= stage.Dwell, seen.Copies == 0 ? null : Now - _copies.At);
        _rollout = stored with { Shadow = judgement };
        await Handle(
            new RolloutEvent.Judged(
                now, judgement.Verdict, seen.Copies, OneArmAlarm: false, judgement.Reason, fleet.Coverage(Name, _alias.Epoch, _alias.Generation), Missing: await Missing(judgement.Verdict)),
            Actor);
    }

    // Only health raises exposure, so only then the store is asked.
    private async Task<string?> Missing(Verdict verdict) => verdict == Verdict.Healthy && !_alias.RequiredGates.IsEmpty && _rollout is { Rollout: { Promoted: false } rollout }
        ? await effects.MissingResult(_alias, rollout.Candidate)
        : null;

    private async Task StoreEvidence(DateTimeOffset now)
    {
        if (!IsUnstored)
        {
            return;
        }

        _storedAt = Now;
        var upTo = _merged;
        _storedOnset = _inputs.Onset;
        await evidenceStore.Save(_evidence, _inputs, now);
        _stored = upTo;
    }
}
