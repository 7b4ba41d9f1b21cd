using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>Evidence in, verdicts out, and what time brings.</summary>
internal sealed partial class AliasGrain
{
    public async Task Merge(byte[] batch, DateTimeOffset receivedAt)
    {
        var message = Protocol.SignalBatch.Parser.ParseFrom(batch);
        _unstored.Enqueue((message.GatewayId, message.StartId, message.Sequence));
        if (!_evidence.Merge(message.ToBatch()))
        {
            return;
        }

        foreach (var started in message.Started.Where(s => s.Alias == Name))
        {
            _started?.Add(started);
        }

        effects.Keep(message.Samples.Where(s => s.Alias == Name));
        if (message.Epochs.Any(e => e.Alias == Name))
        {
            _newEvidenceAt = receivedAt;
            if (clock.GetUtcNow() - _judgedAt >= options.JudgeInterval)
            {
                await Judge();
            }
        }
    }

    private async Task Tick()
    {
        var now = clock.GetUtcNow();
        if (_rollout is { } rollout)
        {
            await Advance(rollout, now);
        }

        if (_unstored.Count > 0 && now - _storedAt >= options.EvidenceInterval)
        {
            await StoreEvidence(now);
        }
    }

    private async Task Advance(StoredRollout rollout, DateTimeOffset now)
    {
        // Only a living owner renews: when this stops, gateways take the candidate's share away by themselves.
        if (rollout.HoldsLease && now - _renewedAt >= _alias.CandidateLease / 3)
        {
            _renewedAt = now;
            fleet.RenewLease(Name, _alias.Epoch, _alias.Generation);
        }

        // Again or for the first time: the moment's own events may have been lost with an earlier owner.
        if (rollout.Rollout.Status is RolloutStatus.Promoting or RolloutStatus.RollingBack or RolloutStatus.RollbackDegraded
            && fleet.HasConverged(Name, _alias.Epoch, _alias.Generation))
        {
            await Handle(new RolloutEvent.Converged(now, _alias.Generation), Actor);
        }
        else if (rollout.Rollout.Status == RolloutStatus.Verifying)
        {
            await Observe(rollout.Rollout, now);
        }
        else if (rollout.Rollout.Status is RolloutStatus.Held or RolloutStatus.RollingBack)
        {
            await Handle(new RolloutEvent.Ticked(now), Actor);
        }

        // Without new evidence only its age changes, and that is counted in seconds.
        if (now - _judgedAt >= (_newEvidenceAt > _judgedAt ? options.JudgeInterval : TimeSpan.FromSeconds(1)))
        {
            await Judge();
        }
    }

    private async Task Observe(Rollout rollout, DateTimeOffset now)
    {
        var seen = _started?.After(rollout.Since) ?? 0;
        var window = now - rollout.Since - options.ReportDelay;
        if (seen > 0 || window >= rollout.Plan.VerifyWindow)
        {
            await Handle(new RolloutEvent.Observed(now, seen, window), Actor);
        }
    }

    private async Task Judge()
    {
        if (_rollout?.Contrast() is not { Stages.IsEmpty: false } contrast)
        {
            return;
        }

        var now = clock.GetUtcNow();
        _judgedAt = now;
        var judgement = Core.Evidence.Judge.Evaluate(_evidence, contrast, _rollout.Evidence, now);
        _judgement = judgement;
        await Handle(new RolloutEvent.Judged(now, judgement.Verdict, judgement.Units, judgement.OneArmAlarm, judgement.Reason), Actor);
        _incident.Refine(_rollout!, judgement, _evidence.RatesFor(new(Name, _alias.Epoch, _alias.Generation)));
    }

    private async Task StoreEvidence(DateTimeOffset now)
    {
        if (_unstored.Count == 0)
        {
            return;
        }

        _storedAt = now;
        await evidenceStore.Save(_evidence, now);
        while (_unstored.TryDequeue(out var batch))
        {
            fleet.Stored(batch.Gateway, batch.Start, Name, batch.Sequence);
        }
    }
}
