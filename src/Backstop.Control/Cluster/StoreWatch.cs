using Backstop.Control.Fleet;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Cluster;

/// <summary>Looks at what other control planes wrote: takes up routes that no message brought, and wakes owners of rollouts whose control plane died.</summary>
internal sealed partial class StoreWatch(AliasStore aliases, Publisher publisher, FleetHub hub, IGrainFactory grains, TimeProvider clock, ILogger<StoreWatch> log)
    : BackgroundService
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    // Asking an owner fails at the moment at which its control plane is declared dead, and that is when to ask again.
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var delay = Pace; ;)
        {
            await Task.Delay(delay, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await Look();
                delay = Pace;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                NotSeen(log, e.Message); // The next look sees everything that this one would have.
                delay = Retry;
            }
        }
    }

    private async Task Look()
    {
        foreach (var (name, epoch, generation) in await aliases.Generations())
        {
            if (!hub.Has(name, epoch, generation) && await aliases.Find(name) is { } alias)
            {
                await publisher.Publish(alias);
            }
        }

        await Task.WhenAll((await aliases.ActiveAliases()).Select(alias => grains.GetGrain<IAliasGrain>(alias).Wake()));
    }

    [LoggerMessage(3603, LogLevel.Warning, "The store could not be looked at: {Reason}")]
    private static partial void NotSeen(ILogger logger, string reason);
}
