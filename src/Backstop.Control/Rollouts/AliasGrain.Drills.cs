using Backstop.Control.Registry;
using Backstop.Core.Rollouts;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Rehearsals of a rollback.</summary>
internal sealed partial class AliasGrain
{
    // What it knows beyond the row: acknowledgements and times since the last swap.
    private Drill? _drill;
    private StartedRequests? _onPrevious;
    private StartedRequests? _onCurrent;
    private TimeSpan _drillTriedAt = -TimeSpan.FromDays(1);

    public async Task<AliasReply> StartDrill(int basisPoints, TimeSpan warm, string reason, string actor)
    {
        if (_rollout is { Rollout.IsTerminal: false } active)
        {
            return Refused($"{Name} has an active rollout, {active.Rollout.Id} ({StatusOf(active.Rollout)}): a drill waits until it is over.");
        }

        if (_alias.Drill is { Phase: not DrillPhase.Over } running)
        {
            return Refused($"{Name} is in the middle of drill {running.Id}.");
        }

        var now = clock.GetUtcNow();
        var (state, refused) = DrillMachine.Begin(_alias, $"d{Guid.CreateVersion7():N}", basisPoints, warm, now);
        if (state is null)
        {
            return Refused($"{refused}.");
        }

        (_onPrevious, _onCurrent) = (new(state.Drill.Previous), new(_alias.Current));
        return await Commit(state, "drill_started", reason, actor)
            ? new(AliasOutcome.Done, _alias.Generation, state.Drill.Id)
            : Stale();
    }

    public async Task FailDrill(string why)
    {
        if (DrillMachine.IsDue(_alias, clock.GetUtcNow()))
        {
            var failed = DrillMachine.Fail(_alias, $"d{Guid.CreateVersion7():N}", why, clock.GetUtcNow());
            await Commit(failed, "drill_finished", why, Actor);
            DrillFailed(log, Name, failed.Drill.Id, why);
        }
    }

    /// <summary>Begins the drill that is due, if one is and nothing else is going on.</summary>
    private void StartDueDrill(DateTimeOffset at)
    {
        if (!DrillMachine.IsDue(_alias, at) || _rollout is { Rollout.IsTerminal: false } || Now - _drillTriedAt < TimeSpan.FromSeconds(30))
        {
            return;
        }

        // Asked outside, so that nobody here waits for a cold release.
        _drillTriedAt = Now;
        var (self, previous, share, every) = (this.AsReference<IAliasGrain>(), _alias.Previous!, _alias.DrillBasisPoints!.Value, _alias.DrillEvery!.Value);
        _ = Task.Run(async () =>
        {
            var began = clock.GetTimestamp();
            if (await effects.ProbeWarmth(previous) is { } cold)
            {
                await self.FailDrill(cold);
            }
            else
            {
                await self.StartDrill(share, clock.GetElapsedTime(began), $"due: one is wanted every {every.TotalHours:0.##} hours", Actor);
            }
        });
    }

    private async Task Handle(DrillEvent e)
    {
        if (_alias.Drill is not { Phase: not DrillPhase.Over } drill)
        {
            return;
        }

        var next = DrillMachine.Step(new(_drill ?? drill, _alias), e);
        if (next.Alias == _alias)
        {
            _drill = next.Drill; // Only time went by, or gateways answered: the row learns it with the next swap.
            return;
        }

        var (kind, reason) = next.Drill.Phase == DrillPhase.Over
            ? ("drill_finished", next.Drill.Failed ?? "everything that a rollback needs was shown to work")
            : ("drill_went_back", next.Drill.Failed ?? "the way to the previous release works");
        await Commit(next, kind, reason, Actor);
        if (next.Drill is { Phase: DrillPhase.Over, Failed: { } failed })
        {
            DrillFailed(log, Name, next.Drill.Id, failed);
        }
    }

    private async Task<bool> Commit(DrillState next, string kind, string reason, string actor)
    {
        var began = clock.GetTimestamp();
        if (!await Write(next.Alias, new(kind, actor, reason)))
        {
            return false;
        }

        var committed = clock.GetElapsedTime(began);
        _drill = next.Drill.Phase switch
        {
            DrillPhase.GoingAway => next.Drill with { Away = next.Drill.Away with { Committed = committed } },
            DrillPhase.GoingBack => next.Drill with { Back = next.Drill.Back with { Committed = committed } },
            _ => null,
        };
        return true;
    }

    private async Task AdvanceDrill(DateTimeOffset at)
    {
        if ((_drill ?? _alias.Drill) is not { Phase: not DrillPhase.Over } drill)
        {
            StartDueDrill(at);
            return;
        }

        if (drill.Phase is DrillPhase.GoingAway or DrillPhase.GoingBack && fleet.HasConverged(Name, _alias.Epoch, _alias.Generation))
        {
            await Handle(new DrillEvent.Converged(at, _alias.Generation));
        }
        else
        {
            var swappedAt = drill.Since - ((drill.Phase == DrillPhase.WatchedAway ? drill.Away : drill.Back).Converged ?? TimeSpan.Zero);
            await Handle(new DrillEvent.Seen(
                at, _onPrevious?.FirstAfter(swappedAt), _onCurrent?.FirstAfter(swappedAt), _onPrevious?.After(drill.Since) ?? 0, _onCurrent?.After(drill.Since) ?? 0));
        }
    }

    [LoggerMessage(3106, LogLevel.Error, "Drill {Drill} of {Alias} failed, and a rollback now might too: {Reason}")]
    private static partial void DrillFailed(ILogger logger, string alias, string drill, string reason);
}
