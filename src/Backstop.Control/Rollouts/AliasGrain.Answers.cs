using Backstop.Core.Rollouts;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>What decisions wait for, and what is done about answers that never come.</summary>
/// <remarks>
/// A decision is durable before anything is done about it, and what is done may fail: the store is away for a moment, the answer of
/// a gate finds nobody. Then it is done again from what the row says, as the next owner would do it, and no rollout waits for ever.
/// </remarks>
internal sealed partial class AliasGrain
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);

    private (string Rollout, Effect What, Task Answer)? _asked;
    private TimeSpan _askedAt;
    private Exception? _failed;

    /// <summary>Starts what asks the outside world. It answers with an event, so an abort never waits for it.</summary>
    private void Start(Effect effect)
    {
        var (self, alias, rollout) = (this.AsReference<IAliasGrain>(), _alias, _rollout!.Rollout);
        var wayBack = _alias.ReturnsTo(rollout.Candidate, rollout.Plan.Fallback) ?? rollout.Baseline;
        var more = MoreOn(wayBack) * rollout.Plan.WarmCapacity;
        Task? answer = effect switch
        {
            Effect.RunGates => Task.Run(async () => await self.Gated(rollout.Id, await effects.RunGates(rollout, wayBack))),
            // A freeze may have lain between the gates and this.
            Effect.ProbeWarmth => Task.Run(async () => await self.Warmed(
                rollout.Id,
                (rollout.Plan.BreakGlass is null ? await effects.MissingResult(alias, rollout.Candidate) : null) ?? await effects.ProbeWarmth(rollout, wayBack, more))),
            _ => null, // Watching is done by every tick while the status is verifying.
        };
        _asked = answer is null ? null : (rollout.Id, effect, answer);
        _askedAt = Now;
    }

    /// <summary>Level-triggered: what the row says is pushed, and what the rollout waits for is asked unless that is under way, whatever happened before.</summary>
    private async Task CatchUp()
    {
        await Push();
        if (_rollout is { Rollout: var rollout })
        {
            await Run([.. RolloutMachine.Unanswered(rollout).Where(effect => _asked is not { Answer.IsCompleted: false } asked || (asked.Rollout, asked.What) != (rollout.Id, effect))]);
        }
    }

    /// <summary>Catches up with what was decided, where something of it failed.</summary>
    private async Task MakeUp()
    {
        var failed = _failed ?? _asked?.Answer.Exception?.InnerException ?? _incident.Failed;
        if (failed is null || Now - _askedAt < AskAgain)
        {
            return;
        }

        AskedAgain(log, Name, failed.Message);
        (_failed, _askedAt) = (null, Now);
        _asked = _asked is { Answer.IsCompleted: true } ? null : _asked;
        _incident.TellAgain();
        await CatchUp();
    }

    private async Task AndIfItFails(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e)
        {
            _failed = e;
            throw;
        }
    }

    [LoggerMessage(3115, LogLevel.Warning, "What was decided of {Alias} could not be done, and is done again: {Reason}")]
    private static partial void AskedAgain(ILogger logger, string alias, string reason);
}
