using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>The control plane of a simulated fleet: the real rollout machine, evidence and judge, on a virtual clock.</summary>
internal sealed class SimulatedControl
{
    private const string Name = "control";
    private static readonly TimeSpan JudgeInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan StoreInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Asking = TimeSpan.FromMilliseconds(50);

    // A report of what was started in the window may arrive this much after it.
    private static readonly TimeSpan ReportDelay = TimeSpan.FromMilliseconds(500);

    private readonly World _world;
    private readonly SimulatedDisk _disk;

    // Lost in a crash.
    private readonly Queue<Action> _waiting = new();
    private readonly List<(SimulatedGateway Gateway, long Stream, BatchName Batch)> _unstored = [];
    private readonly List<StartedSpan> _started = [];
    private SimulatedHub _hub;
    private AliasEvidence _evidence;
    private long _process;
    private bool _isUp = true;
    private bool _isWriting;
    private bool _isStoring;

    public SimulatedControl(World world, DurableStore store, SplitMix64 random)
    {
        (_world, Store, _evidence) = (world, store, new(store.Alias.Name));
        _disk = new(world, world.Options.Faults.SlowStore, random);
        _hub = new(world, store);
        world.Time.Every(JudgeInterval, () => WhenUp(Tick));
        world.Time.Every(store.Alias.CandidateLease / 3, () => WhenUp(RenewLeases));
        world.Time.Every(StoreInterval, () => WhenUp(StoreEvidence));
        world.Time.Every(StoreInterval, () => WhenUp(() => _hub.OfferMissing()));
    }

    /// <summary>What survives a crash.</summary>
    public DurableStore Store { get; }

    /// <summary>Begins to expose a release, unless control is down or busy.</summary>
    public void Promote(string digest)
    {
        if (_isUp && !_isWriting)
        {
            _evidence.ForgetBefore(Stage());
            var id = $"rollout-{Store.Alias.Generation}";
            Commit(RolloutMachine.Submit(Store.Alias, id, digest, _world.Options.Plan, _world.Now));
        }
    }

    /// <summary>The process dies: what was only in memory is gone.</summary>
    public void Crash()
    {
        (_isUp, _isWriting, _isStoring) = (false, false, false);
        _process++;
        _waiting.Clear();
        _unstored.Clear();
        _started.Clear();
        _world.Log.Add(new FleetEvent.Crashed(_world.Now, Name));
        if (_world.Options.Bug == SeededBug.ForgetsACommit)
        {
            Store.ForgetLast();
        }
    }

    /// <summary>A new process on the same store: what the row says is pushed and what the rollout waits for is asked again.</summary>
    public void Restart()
    {
        _isUp = true;
        _evidence = Store.Evidence is { } json ? EvidenceSnapshot.Read(json) : new(Store.Alias.Name);
        _hub = _hub.AfterCrash();
        _evidence.Begin(Stage()); // The freeze may have been lost with the process that made it.
        _world.Log.Add(new FleetEvent.Restarted(_world.Now, Name, Store.Alias.Generation));
        Count();
        Handle(new RolloutEvent.TakenUp(_world.Now));
        WhenWritten(() =>
        {
            foreach (var effect in Store.Rollout is { } rollout ? RolloutMachine.Unanswered(rollout) : [])
            {
                Run(effect);
            }
        });
    }

    public bool OnHello(SimulatedGateway gateway, long stream, long generation)
    {
        WhenUp(() => _hub.Connect(gateway, stream, generation));
        return _isUp;
    }

    /// <param name="sentAt">By the gateway's own clock.</param>
    public bool OnAck(SimulatedGateway gateway, long stream, long generation, DateTimeOffset sentAt) =>
        _isUp && _hub.Heard(gateway, stream, sentAt) is not null && _hub.Acked(gateway, stream, generation);

    public void OnBroken(string gateway, long stream) => WhenUp(() => _hub.Disconnect(gateway, stream));

    /// <param name="sentAt">By the gateway's own clock.</param>
    public bool OnBatch(SimulatedGateway gateway, long stream, SimulatedBatch batch, DateTimeOffset sentAt)
    {
        if (!_isUp || _hub.Heard(gateway, stream, sentAt) is not { } behind)
        {
            return false;
        }

        Merge(gateway, stream, batch with { Started = [.. batch.Started.Select(s => s with { First = s.First + behind, Last = s.Last + behind })] });
        return true;
    }

    /// <summary>Lets the checkers see the counts.</summary>
    public void Count() => _world.Log.Add(new FleetEvent.Counted(_world.Now, Name,
    [
        .. _evidence.Stages.SelectMany(s => Enum.GetValues<Arm>()
            .Select(arm => new StageCount(s.Key.Generation, arm, s.Outcomes(EvidenceGroup.Form).Total(arm))).Where(c => c.Requests > 0)),
    ]));

    private void WhenUp(Action action)
    {
        if (_isUp)
        {
            action();
        }
    }

    private EvidenceKey Stage() => new(Store.Alias.Name, Store.Alias.Epoch, Store.Alias.Generation);

    private void Merge(SimulatedGateway gateway, long stream, SimulatedBatch batch)
    {
        _unstored.Add((gateway, stream, batch.Name));
        if (_world.Options.Bug == SeededBug.CountsBatchesTwice)
        {
            _evidence.Merge(batch.Signals with { StartId = $"{batch.Signals.StartId} again" });
        }

        if (_evidence.Merge(batch.Signals))
        {
            _started.AddRange(batch.Started);
            _world.Log.Add(new FleetEvent.Merged(_world.Now, Name, batch.Name));
        }

        if (_world.Options.Bug == SeededBug.AcknowledgesUnstored)
        {
            Acknowledge(_unstored.Count);
        }
    }

    private void StoreEvidence()
    {
        if (_unstored.Count == 0 || _isStoring)
        {
            return;
        }

        var (evidence, upTo) = (EvidenceSnapshot.Write(_evidence), _unstored.Count);
        _isStoring = true;
        _disk.Write(Lives(), () =>
        {
            _isStoring = false;
            Store.Evidence = evidence;
            Acknowledge(upTo);
            Count();
        });
    }

    private void Acknowledge(int upTo)
    {
        foreach (var (gateway, stream, batch) in _unstored.Take(upTo))
        {
            _world.Log.Add(new FleetEvent.Stored(_world.Now, Name, batch));
            _hub.Send(gateway, stream, () => gateway.OnStored(stream, batch));
        }

        _unstored.RemoveRange(0, Math.Min(upTo, _unstored.Count));
    }

    private void Tick()
    {
        if (_isWriting || Store.Rollout is not { } rollout)
        {
            return; // An owner that waits for its store does nothing else.
        }

        if (rollout.Status is RolloutStatus.Promoting or RolloutStatus.RollingBack or RolloutStatus.RollbackDegraded
            && _hub.HasConverged())
        {
            Handle(new RolloutEvent.Converged(_world.Now, Store.Alias.Generation));
        }
        else if (rollout.Status is RolloutStatus.Verifying or RolloutStatus.RollbackDegraded)
        {
            Observe(rollout);
        }
        else
        {
            Handle(new RolloutEvent.Ticked(_world.Now));
        }

        WhenWritten(Judge);
    }

    private void Observe(Rollout rollout)
    {
        // Once degraded, only what is still going on counts: the window begins again with every request that should not have been.
        var window = rollout.Watched - ReportDelay;
        var from = rollout.Status == RolloutStatus.Verifying ? rollout.Since : _world.Now - rollout.Plan.VerifyWindow - ReportDelay;
        var seen = _started.Where(s => s.Release == rollout.Candidate && s.Last > from).Sum(s => s.First > from ? s.Count : 1);
        Handle(new RolloutEvent.Observed(_world.Now, seen, window));
    }

    private void Judge()
    {
        if (Store.Rollout is not { } rollout || ContrastOf(rollout) is not { Stages.IsEmpty: false } contrast)
        {
            return;
        }

        var judgement = Core.Evidence.Judge.Evaluate(_evidence, contrast, _world.Options.Evidence, _world.Now);
        _world.Log.Add(new FleetEvent.Judged(_world.Now, Name, contrast, judgement.Verdict, judgement.Units, judgement.Reason));
        var (verdict, units) = _world.Options.Bug == SeededBug.RaisesWithoutEvidence
            ? (Verdict.Healthy, long.MaxValue)
            : (judgement.Verdict, judgement.Units);
        Handle(new RolloutEvent.Judged(_world.Now, verdict, units, judgement.OneArmAlarm, judgement.Reason));
    }

    private Contrast? ContrastOf(Rollout rollout)
    {
        var stages = Store.History.Where(r => r.Generation > Store.SubmittedAt).ToArray();
        return rollout.Status switch
        {
            RolloutStatus.Canary or RolloutStatus.Held => Contrast.OfCandidate(stages.Where(r => r.Candidate == rollout.Candidate)),
            RolloutStatus.Promoting or RolloutStatus.Baking or RolloutStatus.Completed =>
                Contrast.OfPromoted(stages.Where(r => r.Current == rollout.Candidate)),
            _ => null,
        };
    }

    private Func<bool> Lives()
    {
        var process = _process;
        return () => _isUp && process == _process;
    }

    private void WhenWritten(Action then)
    {
        if (_isWriting)
        {
            _waiting.Enqueue(then);
        }
        else
        {
            then();
        }
    }

    private void Handle(RolloutEvent e) => WhenWritten(() =>
    {
        if (Store.Rollout is { } rollout)
        {
            var state = new RolloutState(rollout, Store.Alias);
            var decision = RolloutMachine.Step(state, e);
            if (decision.IsNews(state))
            {
                Commit(decision);
            }
            else
            {
                Store.Watched(decision.Next.Rollout);
            }
        }
    });

    // The store takes its time twice: until it is written, and until control hears of it. It may die before either.
    private void Commit(Decision decision)
    {
        var (decidedAt, expected) = (_world.Now, Store.Alias.Generation);
        _isWriting = true;
        _disk.Write(Lives(), () =>
        {
            var isDurable = Store.Commit(expected, decision.Next);
            if (isDurable)
            {
                Note(decidedAt);
            }

            _disk.Write(Lives(), () => GoOn(isDurable ? decision.Effects : []));
        });
    }

    private void Note(DateTimeOffset decidedAt)
    {
        var (rollout, alias) = (Store.Rollout!, Store.Alias);
        _world.Log.Add(new FleetEvent.Committed(
            _world.Now, Name, alias.Generation, rollout.Status, _world.NameOf(alias.Current)!,
            _world.NameOf(alias.Candidate), alias.CandidateBasisPoints, _world.NameOf(alias.Previous), alias.HoldbackBasisPoints,
            _world.NameOf(rollout.Candidate)!, _world.NameOf(rollout.Baseline)!, rollout.Abort is not null) { DecidedAt = decidedAt });
    }

    private void GoOn(ImmutableArray<Effect> effects)
    {
        _isWriting = false;
        foreach (var effect in effects)
        {
            Run(effect);
        }

        while (!_isWriting && _waiting.TryDequeue(out var next))
        {
            next();
        }
    }

    private void Run(Effect effect)
    {
        switch (effect)
        {
            case Effect.RunGates:
                Later(() => new RolloutEvent.Gated(_world.Now, Failed: null));
                break;
            case Effect.ProbeWarmth:
                Later(() => new RolloutEvent.Warmed(_world.Now, Failed: null));
                break;
            case Effect.Push:
                _evidence.Begin(Stage());
                _hub.Push();
                break;
            case Effect.OpenIncident incident:
                _world.Log.Add(new FleetEvent.Incident(_world.Now, Name, incident.Blamed, incident.Reason));
                break;
            case Effect.Page page:
                _world.Log.Add(new FleetEvent.Paged(_world.Now, Name, page.Reason));
                break;
        }
    }

    private void Later(Func<RolloutEvent> answer)
    {
        var process = _process;
        _world.Time.After(Asking, () => WhenUp(() =>
        {
            if (process == _process)
            {
                Handle(answer());
            }
        }));
    }

    private void RenewLeases()
    {
        if (!_isWriting && Store.Rollout?.Status is RolloutStatus.Canary or RolloutStatus.Held)
        {
            _hub.RenewLeases();
        }
    }
}
