using System.Collections.Immutable;
using Backstop.Gateway.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Drops;

/// <summary>Acts on the drop file: at the start before the first request, and then whenever it changes.</summary>
public sealed class DropWatch(DropFile file, LiveRoutes routes, TimeProvider time, ILogger<DropWatch> log) : BackgroundService
{
    // Looked at by its content, not by the file system's word for it: a notification that is lost would be an order that is lost.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private string? _problem;
    private string? _stamp;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            file.MakeKey();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(e.Message);
        }

        Look();
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                Look();
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    /// <summary>Reads the file. What cannot be read changes nothing: an order stays in force until a valid one ends it.</summary>
    private void Look()
    {
        try
        {
            var drops = file.Read(out var stamp);
            if (stamp == _stamp)
            {
                return;
            }

            Act(drops);
            file.See(stamp);
            (_stamp, _problem) = (stamp, null);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            Tell(e.Message);
        }
    }

    private void Act(ImmutableArray<Drop> drops)
    {
        var before = routes.Drops;
        routes.Obey(drops);
        foreach (var drop in drops.Except(before))
        {
            GatewayLog.Dropped(log, drop.Release, drop.By, drop.Reason);
        }

        foreach (var drop in before.Except(drops))
        {
            GatewayLog.DropUndone(log, drop.Release);
        }
    }

    private void Tell(string problem)
    {
        if (_problem != problem)
        {
            _problem = problem;
            GatewayLog.DropFileRefused(log, problem);
        }
    }
}
