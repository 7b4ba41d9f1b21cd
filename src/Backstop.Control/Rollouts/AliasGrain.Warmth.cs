using System.Collections.Immutable;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Keeps what is to be warm beside current and previous.</summary>
internal sealed partial class AliasGrain
{
    private KeptState[]? _kept;
    private (ImmutableArray<KeptWarm> Kept, TimeSpan At) _keptAsked;

    public Task<string?> KeptState() => Task.FromResult(_kept is null ? null : StoreJson.Write(_kept));

    public Task KeptSeen(string seen)
    {
        var (before, now) = (_kept ?? [], StoreJson.Read<KeptState[]>(seen));
        _kept = now;
        foreach (var cold in now.Where(k => k.Failed is not null && !before.Any(b => b.Release == k.Release && b.Failed is not null)))
        {
            KeptFailed(log, Name, cold.Failed!);
        }

        return Task.CompletedTask;
    }

    private void WatchKept()
    {
        if (_alias.KeptWarm is not { IsEmpty: false } kept || (_keptAsked.Kept == kept && Now - _keptAsked.At < options.StandbyInterval))
        {
            return;
        }

        // Asked outside: nobody here waits for a cold release.
        _keptAsked = (kept, Now);
        var self = this.AsReference<IAliasGrain>();
        _ = Task.Run(async () => await self.KeptSeen(StoreJson.Write(await effects.AskKept(kept, clock.GetUtcNow()))));
    }

    [LoggerMessage(3114, LogLevel.Error, "{Alias} is to keep a release warm that is not: {Reason}")]
    private static partial void KeptFailed(ILogger logger, string alias, string reason);
}
