using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>backstop drill</c>: a rollback rehearsed on live infrastructure.</summary>
internal static class DrillCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    // Longer than every deadline of a drill together.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static Verb Create()
    {
        var alias = new Argument<string>("alias") { Description = "The alias, such as assistant:prod." };
        var share = new Option<double>("--share") { Description = "Percent that goes to the previous release and back. 100 rehearses a rollback in full.", DefaultValueFactory = _ => 100 };
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the journal.", DefaultValueFactory = _ => "a drill" };
        return Remote.Verb(
            "drill",
            "Rehearse a rollback: send traffic to the previous release and back on live infrastructure, and measure every part. "
            + "Exits with 0 when it passed, 1 when it failed.",
            [alias, share, reason],
            async (line, client, cancel) =>
            {
                var name = line.GetRequiredValue(alias);
                var started = (await client.StartDrill(name, (int)Math.Round(line.GetValue(share) * 100), line.GetRequiredValue(reason), cancel)).Body;
                var reply = await Finish(client, name, started.Id, line.GetValue(Remote.JsonOption), cancel);
                Remote.Show(line, reply, Describe);
                return reply.Body.Passed ? ExitCode.Ok : ExitCode.No;
            },
            examples: ["backstop drill assistant:prod", "backstop drill assistant:prod --share 10 --json"]);
    }

    /// <summary>What a drill measured: the recovery promise of its alias.</summary>
    public static void Describe(DrillView drill, Screen screen)
    {
        screen.Facts(
            ("drill", drill.Id),
            ("result", drill.Passed ? "passed" : drill.Failed is { } why ? $"failed: {why}" : drill.Phase),
            ("share", Screen.Percent(drill.BasisPoints)),
            ("started", Screen.Time(drill.StartedAt)),
            ("warm-up answer", Milliseconds(drill.WarmMs)));
        screen.Table<(string Way, SegmentsView Segments)>(
            [("to the previous release", drill.Away), ("and back", drill.Back)],
            "",
            ("way", w => w.Way),
            ("durable", w => Milliseconds(w.Segments.CommittedMs)),
            ("acknowledged by all", w => Milliseconds(w.Segments.ConvergedMs)),
            ("first request there", w => Milliseconds(w.Segments.ObservedMs)));
    }

    private static async Task<Reply<DrillView>> Finish(ControlClient client, string alias, string id, bool quiet, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(Patience);
        var phase = "";
        try
        {
            while (true)
            {
                var reply = await client.Drill(alias, late.Token);
                if (reply.Body.Id != id || reply.Body.EndedAt is not null)
                {
                    return reply;
                }

                if (!quiet && reply.Body.Phase != phase)
                {
                    phase = reply.Body.Phase;
                    AnsiConsole.WriteLine($"{Screen.Time(DateTimeOffset.UtcNow)}  {phase.Replace('_', ' ')}");
                }

                await Task.Delay(Look, late.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new CommandFailure($"The drill is not over after {Patience.TotalMinutes} minutes.", next: $"backstop alias history {alias}");
        }
    }

    private static string? Milliseconds(double? ms) => ms is { } value ? $"{value:0} ms" : null;
}
