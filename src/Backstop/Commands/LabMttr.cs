using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Plots;
using Backstop.Simulation.Recovery;

namespace Backstop.Commands;

/// <summary><c>backstop lab mttr</c>: what buys recovery speed, faster detection or a warmer standby.</summary>
internal static class LabMttr
{
    private static readonly RecoveryOptions Usual = new();

    public static Command Create()
    {
        var incidents = new Option<int>("--incidents") { Description = "Incidents to simulate, 10 to 100000.", DefaultValueFactory = _ => Usual.Incidents };
        var seed = new Option<int>("--seed") { Description = "Seed of the first incident.", DefaultValueFactory = _ => Usual.Seed };
        var warm = new Option<double>("--warm-swap") { Description = "Seconds to swap to a warm release, 0 to 86400.", DefaultValueFactory = _ => Usual.WarmSwap };
        var cold = new Option<double>("--cold-load") { Description = "Seconds to load a cold release, 0 to 86400.", DefaultValueFactory = _ => Usual.ColdLoad };
        var csv = new Option<FileInfo>("--csv") { Description = "Write the table to this file as well, with commas." };
        var plot = PlotFile.Option("recovery over the cadence");
        var json = Verb.JsonOption();
        incidents.Between(10, 100_000);
        warm.Between(0, 86_400);
        cold.Between(0, 86_400);
        var verb = new Verb("mttr", "Sweep the monitor's cadence with a warm and a cold previous release: what buys more recovery speed?")
        {
            Examples = ["backstop lab mttr", "backstop lab mttr --cold-load 300 --csv mttr.csv --plot mttr.svg", "backstop lab mttr --incidents 2000 --json"],
        };
        foreach (var option in (Option[])[incidents, seed, warm, cold, csv, plot, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var options = Usual with
            {
                Incidents = line.GetValue(incidents), Seed = line.GetValue(seed), WarmSwap = line.GetValue(warm), ColdLoad = line.GetValue(cold),
            };
            var rows = RecoveryLab.Run(options);
            Write(line.GetValue(csv), rows);
            if (line.GetValue(plot) is { } figure)
            {
                RecoveryPlot.Save(figure, rows);
            }

            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new Report(options.Incidents, options.Seed, rows, Conclude(rows)));
            }
            else
            {
                Explain(output, options, rows);
            }
        });
        return verb;
    }

    private static void Explain(TextWriter output, RecoveryOptions options, ImmutableArray<RecoveryRow> rows)
    {
        output.WriteLine($"{options.Incidents} incidents: v8 is promoted over v7, four requests per second. Seconds; detection is from the promotion on.");
        output.WriteLine();
        output.WriteLine("  rule                     looks every   previous   detection    p95   rollback   recovery    p95   detection's share");
        foreach (var row in rows.OrderBy(r => r.Warm ? 0 : 1))
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {row.Rule,-23}  {(row.Cadence is { } cadence ? $"{cadence:0.#} s" : "request"),11}   {(row.Warm ? "warm" : "cold"),-8}  {row.Detection,10:0.0}  {row.DetectionP95,5:0.0}  {row.Rollback,9:0.0}"
                + $"  {row.Recovery,9:0.0}  {row.RecoveryP95,5:0.0}   {row.Detection / row.Recovery,17:0%}{(row.Found < row.Incidents ? $"   (missed {row.Incidents - row.Found})" : "")}"));
        }

        output.WriteLine();
        foreach (var sentence in Conclude(rows))
        {
            output.WriteLine(sentence);
        }
    }

    // Sentences from the numbers: what each investment saves.
    private static ImmutableArray<string> Conclude(ImmutableArray<RecoveryRow> rows)
    {
        var sweep = rows.Where(r => r is { Cadence: not null, Warm: true }).OrderBy(r => r.Cadence).ToList();
        var ours = rows.LastOrDefault(r => r is { Cadence: null, Warm: true }); // What the rollout machine does.
        var warming = rows[^1].Rollback - rows[^2].Rollback;
        if (sweep.Count < 2 || ours is null)
        {
            return [];
        }

        var (fast, slow) = (sweep[0], sweep[^1]);
        var detection = sweep.Where(r => r.Detection - ours.Detection > warming).Select(r => r.Cadence).ToList();
        return
        [
            FormattableString.Invariant($"Looking every {fast.Cadence:0.#} s instead of every {slow.Cadence:0.#} s saves {slow.Detection - fast.Detection:0} s; {ours.Rule}, at every request, saves {slow.Detection - ours.Detection:0} s."),
            FormattableString.Invariant($"Keeping the previous release warm saves {warming:0} s, whatever the monitor does."),
            detection.Count == 0
                ? FormattableString.Invariant($"Warmth is worth more at every cadence up to {slow.Cadence:0.#} s: keep the previous release warm first, then detect faster.")
                : FormattableString.Invariant($"Where the monitor looks every {string.Join(", ", detection)} s faster detection is worth more than that; elsewhere warmth is. With a warm previous release nearly all that is left is detection."),
        ];
    }

    private static void Write(FileInfo? file, ImmutableArray<RecoveryRow> rows)
    {
        if (file is null)
        {
            return;
        }

        try
        {
            File.WriteAllLines(file.FullName,
            [
                "rule,cadence_s,previous,found,incidents,detection_s,detection_p95_s,rollback_s,recovery_s,recovery_p95_s",
                .. rows.Select(r => FormattableString.Invariant(
                    $"\"{r.Rule}\",{r.Cadence},{(r.Warm ? "warm" : "cold")},{r.Found},{r.Incidents},{r.Detection},{r.DetectionP95},{r.Rollback},{r.Recovery},{r.RecoveryP95}")),
            ]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The table could not be written: {e.Message}", cause: e);
        }
    }

    private sealed record Report(int Incidents, int Seed, ImmutableArray<RecoveryRow> Rows, ImmutableArray<string> Conclusions);
}
