using Backstop.Control.Store;
using Backstop.Core.Incidents;
using Backstop.Core.Notifications;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Notifications;

/// <summary>Tells every receiver what it wants to hear, in order, until it has heard it. A receiver that is away holds up nobody else.</summary>
/// <remarks>
/// Of several control planes on one store, the one that holds a receiver's lease tells it. When it dies between telling and
/// writing that down, the next one tells it again, under the same id: at least once, and once where nobody dies.
/// </remarks>
public sealed partial class Notifier(ControlOptions options, Outbox outbox, Leases leases, Courier courier, TimeProvider clock, ILogger<Notifier> log) : BackgroundService
{
    /// <summary>For how long a receiver is one control plane's. Longer than an attempt to tell it may take.</summary>
    public static readonly TimeSpan LeaseFor = TimeSpan.FromSeconds(30);


    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(1);

    // A store in SQLite has one control plane: after a restart it has no other to wait for.
    private readonly string _name = options.Store is StoreAddress.Postgres ? Guid.NewGuid().ToString("N") : "alone";

    /// <summary>Sends a test to every receiver, or to one.</summary>
    /// <returns>By receiver: what became of it. Empty when none has this name.</returns>
    public async Task<List<(Destination To, Delivery Delivery)>> Test(string? name, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var results = new List<(Destination, Delivery)>();
        foreach (var to in options.Receivers.Where(d => name is null || d.Name == name))
        {
            Notice Of(NoticeStage stage) => new(
                $"test-{now.ToUnixTimeSeconds()}", stage, "test", IncidentSeverity.Minor, $"A test of Backstop's notifications ({stage.ToString().ToLowerInvariant()}). Nothing is wrong.", now, []);
            var opened = await courier.Send(to, Of(NoticeStage.Opened), now, cancel);
            results.Add((to, opened.Done ? await courier.Send(to, Of(NoticeStage.Resolved), now, cancel) : opened));
        }

        return results;
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await leases.GiveBack(_name);
        }
        catch (StoreException e)
        {
            NotGivenBack(log, e); // Whoever comes next waits until the leases are over.
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Receivers.Select(to => Serve(to, stoppingToken)));

    private async Task Serve(Destination to, CancellationToken stop)
    {
        var (wait, saidAt) = (LookEvery, clock.GetTimestamp());
        var mine = new Turn(leases, clock, $"notify {to.Name}", _name);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(wait, clock, stop);
                if (!await mine.Is())
                {
                    wait = LookEvery;
                    continue;
                }

                var arrived = await Round(to, mine, stop);
                if (to.Channel == Channel.Alertmanager && clock.GetElapsedTime(saidAt) >= SayAgain)
                {
                    saidAt = clock.GetTimestamp();
                    foreach (var (notice, openedAt) in await outbox.Open(to))
                    {
                        await courier.Send(to, notice, openedAt, stop);
                    }
                }

                // Who waits longer than the lease gives the receiver to whoever looks first.
                wait = arrived ? LookEvery : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestWait.Ticks));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // A store that is away: what is due stays due.
                NotLooked(log, to.Name, e);
                wait = TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, LongestWait.Ticks));
            }
        }
    }

    /// <summary>Tells what is due until something does not arrive.</summary>
    /// <returns>Whether all arrived, or will never.</returns>
    private async Task<bool> Round(Destination to, Turn mine, CancellationToken stop)
    {
        foreach (var (notice, openedAt) in await outbox.Due(to))
        {
            if (!await mine.Is() || !await Settle(to, notice.Id, await courier.Send(to, notice, openedAt, stop)))
            {
                return false;
            }
        }

        if (to.Channel == Channel.Pagerduty)
        {
            foreach (var (id, summary, source, at) in await outbox.DueChanges(to))
            {
                if (!await mine.Is() || !await Settle(to, id, await courier.SendChange(to, summary, source, at, stop)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private async Task<bool> Settle(Destination to, string id, Delivery delivery)
    {
        if (delivery is { Done: false })
        {
            NotTold(log, id, to.Name, delivery.Why!, delivery.Hopeless ? "It is not tried again." : "It is tried again.");
        }

        if (delivery.Done || delivery.Hopeless)
        {
            await outbox.Write(to, id, delivery);
            return true;
        }

        return false;
    }

    [LoggerMessage(3601, LogLevel.Error, "{Notice} could not be told to {Receiver}: {Why}. {Next}")]
    private static partial void NotTold(ILogger logger, string notice, string receiver, string why, string next);

    [LoggerMessage(3603, LogLevel.Warning, "The leases of this control plane could not be given back; another one tells what is due when they are over.")]
    private static partial void NotGivenBack(ILogger logger, Exception exception);

    [LoggerMessage(3602, LogLevel.Error, "What {Receiver} is to be told could not be looked up.")]
    private static partial void NotLooked(ILogger logger, string receiver, Exception exception);

    /// <summary>Whether a receiver is this control plane's to tell. The store is asked when less than half of the lease is left.</summary>
    private sealed class Turn(Leases leases, TimeProvider clock, string work, string owner)
    {
        private long? _since;

        public async Task<bool> Is()
        {
            if (_since is { } since && clock.GetElapsedTime(since) < LeaseFor / 2)
            {
                return true;
            }

            var now = clock.GetTimestamp();
            _since = await leases.Take(work, owner, LeaseFor) ? now : null;
            return _since is not null;
        }
    }
}
