using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Detectors;

namespace Backstop.Commands;

/// <summary><c>backstop lab detect</c>: every detection rule on the same simulated requests.</summary>
internal static class LabDetect
{
    public static Command Create()
    {
        var repetitions = new Option<int>("--reps") { Description = "Repetitions of every scenario, 1 to 1000000.", DefaultValueFactory = _ => 100 };
        var requests = new Option<int>("--requests")
        {
            Description = "Requests of a repetition in which nothing is wrong, 100 to 10000000.", DefaultValueFactory = _ => 20_000,
        };
        var alpha = new Option<double>("--alpha")
        {
            Description = "Probability of a false rollback that rules which know one are set to, 1e-9 to 0.1.", DefaultValueFactory = _ => 1e-3,
        };
        var seed = new Option<int>("--seed") { Description = "Seed of the first repetition.", DefaultValueFactory = _ => 1 };
        var scenario = new Option<string>("--scenario") { Description = "Only scenarios whose name contains this, such as 'canary' or 'ramp'." };
        var json = Verb.JsonOption();
        repetitions.Between(1, 1_000_000);
        requests.Between(100, 10_000_000);
        alpha.Between(1e-9, 0.1);

        var verb = new Verb("detect", "Compare detection rules: how soon they find a bad release, how often they throw out a good one.")
        {
            Examples =
            [
                "backstop lab detect",
                "backstop lab detect --scenario 'v8, 5% canary' --reps 20000",
                "backstop lab detect --scenario v7 --requests 100000 --reps 2000 --json",
            ],
        };
        foreach (var option in (Option[])[repetitions, requests, alpha, seed, scenario, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var options = new DetectionOptions
            {
                Repetitions = line.GetValue(repetitions),
                Requests = line.GetValue(requests),
                Alpha = line.GetValue(alpha),
                Seed = line.GetValue(seed),
                Only = line.GetValue(scenario),
            };
            var rows = Run(options, line.InvocationConfiguration.Error);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new Report(options.Repetitions, options.Requests, options.Alpha, options.Seed, rows));
            }
            else
            {
                Explain(output, rows, options);
            }
        });
        return verb;
    }

    private static ImmutableArray<DetectionRow> Run(DetectionOptions options, TextWriter progress)
    {
        var scenarios = DetectionLab.Scenarios(options).ToList();
        if (scenarios.Count == 0)
        {
            throw CommandFailure.Usage(
                $"--scenario '{options.Only}' fits none. There are: {string.Join("; ", DetectionLab.Scenarios(options with { Only = null }).Select(s => s.Name))}.");
        }

        var rows = ImmutableArray.CreateBuilder<DetectionRow>();
        foreach (var scenario in scenarios)
        {
            var clock = Stopwatch.StartNew();
            rows.AddRange(DetectionLab.Run(scenario, DetectorSet.For(scenario, options.Alpha), options));
            progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,6:0.0} s  {scenario.Name}"));
        }

        return rows.ToImmutable();
    }

    private static void Explain(TextWriter output, ImmutableArray<DetectionRow> rows, DetectionOptions options)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{options.Repetitions} repetitions, alpha {options.Alpha}, seed {options.Seed}. Requests of both arms; intervals are 95 % (Wilson)."));
        foreach (var scenario in rows.GroupBy(r => r.Scenario))
        {
            output.WriteLine();
            output.WriteLine(scenario.Key);
            foreach (var row in scenario)
            {
                output.WriteLine(row.ShouldFire ? Found(row) : Thrown(row));
            }
        }
    }

    private static string Found(DetectionRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {row.Rule,-30}  found {row.Fired.Hits - row.FiredEarly.Hits,6} of {row.Fired.Trials,-6}  mean {Show(row.MeanDelay),7}  p50 {Show(row.P50),6}  p95 {Show(row.P95),6}  p99 {Show(row.P99),6}"
        + $"  bound {Show(row.Bound),6}  on the tested release {Show(row.MeanTested),6}{(row.FiredEarly.Hits > 0 ? $"  too early {row.FiredEarly.Hits}" : "")}");

    private static string Thrown(DetectionRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {row.Rule,-30}  false rollback {row.Fired.Value,7:0.00%}  ({row.Fired.Lower:0.00%} to {row.Fired.Upper:0.00%})");

    private static string Show(double? requests) => requests?.ToString("0", CultureInfo.InvariantCulture) ?? "-";

    private sealed record Report(int Repetitions, int Requests, double Alpha, int Seed, ImmutableArray<DetectionRow> Rows);
}
