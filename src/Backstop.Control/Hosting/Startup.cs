using Backstop.Control.Access;
using Backstop.Control.Fleet;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Hosting;

/// <summary>Opens the store and publishes every alias, and rehearses a rollback, while the silo starts.</summary>
internal sealed class StoreStart(DurableStore store, AliasStore aliases, GatewayRoster roster, FleetHub hub, Publisher publisher, Doorkeeper door) : IHostedService
{
    /// <summary>Ends when a gateway or a grain may ask, and a rollback would not wait for anything that is only slow once.</summary>
    public Task Opened { get; private set; } = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Opened = Task.WhenAll(
            Task.Run(() => Open(cancellationToken), cancellationToken),
            Task.Run(() => Rehearsal.Play(cancellationToken), cancellationToken));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task Open(CancellationToken cancel)
    {
        await store.Open(cancel);
        await door.Refresh();
        hub.Recall(await roster.Load());
        foreach (var alias in await aliases.All())
        {
            await publisher.Publish(alias);
        }
    }
}

/// <summary>Wakes the owner of every alias whose rollout goes on, unfinished rollbacks first.</summary>
internal sealed partial class GrainStart(StoreStart store, AliasStore aliases, FleetHub hub, IGrainFactory grains, ILogger<GrainStart> log) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await store.Opened;
        hub.Converged = (alias, epoch, generation, at) => _ = Tell(alias, generation, at);
        foreach (var rollout in await aliases.ActiveRollouts())
        {
            await grains.GetGrain<IAliasGrain>(rollout.Rollout.Alias).Wake();
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task Tell(string alias, long generation, DateTimeOffset at)
    {
        try
        {
            await grains.GetGrain<IAliasGrain>(alias).Converged(generation, at);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The grain asks again at its next tick; nothing is lost but the exact moment.
            NotTold(log, alias, generation, e);
        }
    }

    [LoggerMessage(3201, LogLevel.Warning, "The owner of {Alias} was not told that generation {Generation} converged.")]
    private static partial void NotTold(ILogger logger, string alias, long generation, Exception exception);
}
