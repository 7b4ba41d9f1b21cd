using Backstop.Core.Incidents;
using Backstop.Core.Notifications;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Notifications;

/// <summary>Tells every receiver what it wants to hear, in order, until it has heard it. A receiver that is away holds up nobody else.</summary>
public sealed partial class Notifier(ControlOptions options, Outbox outbox, Courier courier, TimeProvider clock, ILogger<Notifier> log) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan SayAgain = TimeSpan.FromMinutes(1);

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
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Receivers.Select(to => Serve(to, stoppingToken)));

    private async Task Serve(Destination to, CancellationToken stop)
    {
        var (wait, saidAt) = (LookEvery, clock.GetTimestamp());
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(wait, clock, stop);
                var arrived = await Round(to, stop);
                if (to.Channel == Channel.Alertmanager && clock.GetElapsedTime(saidAt) >= SayAgain)
                {
                    saidAt = clock.GetTimestamp();
                    foreach (var (notice, openedAt) in await outbox.Open(to))
                    {
                        await courier.Send(to, notice, openedAt, stop);
                    }
                }

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
    private async Task<bool> Round(Destination to, CancellationToken stop)
    {
        foreach (var (notice, openedAt) in await outbox.Due(to))
        {
            if (!await Settle(to, notice.Id, await courier.Send(to, notice, openedAt, stop)))
            {
                return false;
            }
        }

        if (to.Channel == Channel.Pagerduty)
        {
            foreach (var (id, summary, source, at) in await outbox.DueChanges(to))
            {
                if (!await Settle(to, id, await courier.SendChange(to, summary, source, at, stop)))
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

    [LoggerMessage(3602, LogLevel.Error, "What {Receiver} is to be told could not be looked up.")]
    private static partial void NotLooked(ILogger logger, string receiver, Exception exception);
}
