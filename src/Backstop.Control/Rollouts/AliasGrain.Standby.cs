using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Keeps an eye on the release to return to: warm once is not warm when it is needed.</summary>
internal sealed partial class AliasGrain
{
    private Standby? _standby;
    private (string? Release, TimeSpan At) _standbyAsked;

    public Task<string?> StandbyState() => Task.FromResult(_standby is null || _standby.Release != _alias.Previous ? null : StoreJson.Write(_standby));

    public Task StandbySeen(string standby)
    {
        var (before, seen) = (_standby, StoreJson.Read<Standby>(standby));
        if (seen.Release == _alias.Previous)
        {
            _standby = seen;
            if (seen.Failed is { } why && (before?.Failed is null || before.Release != seen.Release))
            {
                StandbyFailed(log, Name, why);
            }
        }

        return Task.CompletedTask;
    }

    // Ten thousand aliases that wake up together must not ask ten thousand releases in the same second.
    private void SpreadStandby() => _standbyAsked = _rollout?.Rollout.Status == Core.Rollouts.RolloutStatus.Baking
        ? default // A suspicion may come at any moment, and the last owner took with it what it had seen.
        : (_alias.Previous, Now - (options.StandbyInterval * (Core.Routing.StableHash.Of("standby", Name) % 1000 / 1000.0)));

    private void WatchStandby()
    {
        if (_alias.Previous is not { } previous || (_standbyAsked.Release == previous && Now - _standbyAsked.At < options.StandbyInterval))
        {
            return;
        }

        // Asked outside: nobody here waits for a cold release.
        _standbyAsked = (previous, Now);
        var (self, more, served) = (this.AsReference<IAliasGrain>(), MoreOn(previous), _alias.HoldbackBasisPoints);
        _ = Task.Run(async () => await self.StandbySeen(StoreJson.Write(await effects.AskStandby(previous, more, clock.GetUtcNow()) with { ServedBasisPoints = served })));
    }

    // Where nobody has asked yet, or could, its users themselves showed what it bears.
    private int Bears() => (_standby is { } seen && seen.Release == _alias.Previous ? seen.BearsBasisPoints : null) ?? _rollout?.BoreBasisPoints ?? Core.Routing.Route.Whole;

    /// <summary>Ends what was done for a time that is over.</summary>
    private async Task EndMitigations(DateTimeOffset at)
    {
        if (_alias.Mitigations.FirstOrDefault(m => m.Until <= at) is { } over)
        {
            await Change(new AliasChange.Lift(over.Id), _alias.Generation, "mitigation_expired", $"{over.Words}: its time is over", Actor);
        }
    }

    /// <summary>Requests a second that would come to a release beside those it serves, if everything came back to it.</summary>
    private double MoreOn(string release)
    {
        var served = release == _alias.Current ? Core.Routing.Route.Whole - _alias.CandidateBasisPoints - _alias.HoldbackBasisPoints
            : release == _alias.Previous ? _alias.HoldbackBasisPoints
            : 0;
        return _arrivals.PerSecond() * (Core.Routing.Route.Whole - served) / Core.Routing.Route.Whole;
    }

    [LoggerMessage(3108, LogLevel.Error, "{Alias} could not be rolled back now: {Reason}")]
    private static partial void StandbyFailed(ILogger logger, string alias, string reason);
}
