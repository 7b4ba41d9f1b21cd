using System.Diagnostics;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Demo.Faults;

namespace Backstop.Demo;

/// <summary>One demo from the first process to the last: whatever happens, nothing is left running.</summary>
internal static class Demonstration
{
    /// <summary>The longest a demo may take; it is over in a minute or so where the cores are not taken by others.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    /// <summary>Plays the story of a release.</summary>
    /// <param name="options">Which one, and how fast.</param>
    /// <param name="tell">Hears what is going on, several times a second.</param>
    /// <param name="cancel">Ends it at once.</param>
    /// <exception cref="CommandFailure">It did not come to an end; the message says where it stood.</exception>
    public static Task<DemoReport> Play(DemoOptions options, Action<DemoProgress> tell, CancellationToken cancel) => Run(
        options,
        tell,
        async (stage, patience) =>
        {
            await Story.Register(stage.Fleet, Story.Alias, pool => pool.Release, DemoManifest.Of, patience);
            stage.Tell(new("warming up"));
            await WarmUp.Run(stage.Fleet, options.Seed, patience);
            var user = new ChatUser(new(stage.Gateway, Story.Alias), options.Seed);
            await using var traffic = Traffic.Start(options.Rate, options.Seed, user.Serve);
            var report = await new Story(options, stage.Fleet, traffic, stage.Tell).Play(patience);
            Save(options, stage.Fleet, traffic, "received.jsonl");
            return report with { DurationS = stage.Seconds };
        },
        cancel);

    /// <summary>Plays the story of a fault outside every release, or of all of them at the same time, each on an alias of its own.</summary>
    /// <inheritdoc cref="Play"/>
    public static Task<FaultReport[]> PlayFaults(DemoOptions options, Action<DemoProgress> tell, CancellationToken cancel) => Run(
        options,
        tell,
        async (stage, patience) =>
        {
            Application[] all = [new FeatureApplication(stage.Gateway, options.Seed), new PromptApplication(stage.Gateway, options.Seed), new RetrievalApplication(stage.Gateway, options.Seed)];
            return await Task.WhenAll(all.Where(a => options.Fault is DemoOptions.AllFaults || options.Fault == a.Fault).Select(a => PlayFault(options, stage, a, patience)));
        },
        cancel);

    private static async Task<FaultReport> PlayFault(DemoOptions options, Stage stage, Application application, CancellationToken cancel)
    {
        await Story.Register(stage.Fleet, application.Alias, application.Release, application.Manifest, cancel);
        await using var traffic = Traffic.Start(options.Rate, options.Seed, application.Serve);
        var report = await new FaultStory(options, stage.Fleet, traffic, application, stage.Tell).Play(cancel);
        Save(options, stage.Fleet, traffic, $"received-{application.Fault}.jsonl");
        return report with { DurationS = stage.Seconds };
    }

    private static async Task<T> Run<T>(DemoOptions options, Action<DemoProgress> tell, Func<Stage, CancellationToken, Task<T>> play, CancellationToken cancel)
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
            using var gateway = new HttpClient { BaseAddress = fleet.Http, Timeout = TimeSpan.FromSeconds(10) };
            return await play(new(fleet, gateway, clock, progress => tell(progress with { Doing = doing = progress.Doing })), patience.Token);
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

    private static void Save(DemoOptions options, DemoFleet fleet, Traffic traffic, string name)
    {
        if (options.Keep)
        {
            traffic.Save(Path.Combine(fleet.Directory, name));
        }
    }

    private static string? Explains(Exception e) => e switch
    {
        ControlException or IOException or HttpRequestException => e.Message,
        OperationCanceledException => $"nothing more happened within {Patience.TotalSeconds:0} s of the start.",
        _ => null,
    };

    /// <summary>Where a story is played.</summary>
    private sealed record Stage(DemoFleet Fleet, HttpClient Gateway, Stopwatch Clock, Action<DemoProgress> Tell)
    {
        public double Seconds => Math.Round(Clock.Elapsed.TotalSeconds, 1);
    }
}
