using System.Diagnostics;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Demo;

/// <summary>One demo from the first process to the last: whatever happens, nothing is left running.</summary>
internal static class Demonstration
{
    /// <summary>The longest a demo may take; it is over in a minute or so where the cores are not taken by others.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    /// <summary>Plays a story.</summary>
    /// <param name="options">Which one, and how fast.</param>
    /// <param name="tell">Hears what is going on, several times a second.</param>
    /// <param name="cancel">Ends it at once.</param>
    /// <exception cref="CommandFailure">It did not come to an end; the message says where it stood.</exception>
    public static async Task<DemoReport> Play(DemoOptions options, Action<DemoProgress> tell, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        var clock = Stopwatch.StartNew();
        var doing = "starting two model servers and Backstop";
        DemoFleet? fleet = null;
        try
        {
            tell(new(doing));
            fleet = await DemoFleet.Start(options, patience.Token);
            await Story.Register(fleet, patience.Token);
            tell(new(doing = "warming up"));
            await WarmUp.Run(fleet, options.Seed, patience.Token);
            await using var traffic = Traffic.Start(fleet.Http, Story.Alias, options.Rate, options.Seed);
            var story = new Story(options, fleet, traffic, progress => tell(progress with { Doing = doing = progress.Doing }));
            var report = await story.Play(patience.Token);
            if (options.Keep)
            {
                traffic.Save(Path.Combine(fleet.Directory, "received.jsonl"));
            }

            return report with { DurationS = Math.Round(clock.Elapsed.TotalSeconds, 1) };
        }
        catch (Exception e) when (Explains(e) is { } why && !cancel.IsCancellationRequested)
        {
            fleet?.Keep();
            var where = fleet is null ? "" : $" Its logs and store are in {fleet.Directory}.";
            throw new CommandFailure($"The demo did not end well. While {doing}: {why}{where}", ExitCode.No, cause: e);
        }
        finally
        {
            if (fleet is not null)
            {
                await fleet.DisposeAsync();
            }
        }
    }

    private static string? Explains(Exception e) => e switch
    {
        ControlException or IOException or HttpRequestException => e.Message,
        OperationCanceledException => $"nothing more happened within {Patience.TotalSeconds:0} s of the start.",
        _ => null,
    };
}
