using Backstop.Core.Guards;
using Backstop.Gateway.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Guards;

/// <summary>Tries the checks of the first routes before requests need them, on texts that nobody wrote.</summary>
/// <remarks>
/// Code that a process runs for the first time is compiled, and again when it turns out to be used often; patterns make their tables
/// while they are read. A gateway that was just started paid for this with the processor time, and the patience, of its first users.
/// </remarks>
public sealed class WarmUp(GatewayOptions options, LiveRoutes routes, TimeProvider time, ILogger<WarmUp> log) : BackgroundService
{
    // About what a model writes at once.
    private const int PieceOfStream = 5;

    // The runtime counts thirty calls before it compiles for good; more than enough where the clock stands still.
    private const int MostRounds = 300;

    private volatile bool _isOver = options.WarmUp == TimeSpan.Zero;

    /// <summary>Whether the checks were tried.</summary>
    public bool IsOver => _isOver;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // Starting the host does not wait for it.
        try
        {
            // Rings of the same checks run the same code: of ten thousand releases the first would have all the time.
            Try([.. routes.Current.Pools.Select(pool => pool.Ring).DistinctBy(ChecksOf, StringComparer.Ordinal).DefaultIfEmpty(Ring.Compile(GuardPolicy.Default))], stoppingToken);
        }
        catch (Exception e)
        {
            // Nobody asked for it: what it cannot do must not keep the gateway from answering.
            GatewayLog.WarmUpFailed(log, e);
        }
        finally
        {
            _isOver = true;
        }
    }

    private static string ChecksOf(Ring ring) =>
        string.Join(' ', ring.Policy.Stages.SelectMany(stage => stage.Value.Checks.Select(check => $"{stage.Key}.{check.Use}").Order(StringComparer.Ordinal)));

    private void Try(Ring[] rings, CancellationToken stopping)
    {
        var began = time.GetTimestamp();
        for (var round = 0; round < MostRounds; round++)
        {
            foreach (var ring in rings)
            {
                var session = ring.Local.Open(RingContext.None);
                foreach (var text in MadeUpTexts.All)
                {
                    if (stopping.IsCancellationRequested || time.GetElapsedTime(began) >= options.WarmUp)
                    {
                        return;
                    }

                    Try(session, ring.Policy.Stages.Keys, text);
                }
            }
        }
    }

    private static void Try(RingSession session, IEnumerable<GuardStage> stages, string text)
    {
        foreach (var stage in stages)
        {
            session.Begin([new ScanUnit(stage, text)]).Finish([]);
        }

        var stream = session.OpenStream();
        for (var at = 0; !stream.Ended && at < text.Length; at += PieceOfStream)
        {
            var end = Math.Min(at + PieceOfStream, text.Length);
            stream.Push(text.AsSpan(at..end), final: end == text.Length);
        }
    }
}
