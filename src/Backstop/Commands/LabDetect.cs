using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Plots;
using Backstop.Simulation.Detection;

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
        var rule = new Option<string>("--rule") { Description = "Only rules whose name contains this, such as 'ours' or 'mSPRT'." };
        var counted = new Option<bool>("--counted")
        {
            Description = "Draw requests by the hundred where nothing is wrong and a rule sees only counts: the same proportions, much sooner.",
        };
        var plot = PlotFile.Option("delays and false rollbacks");
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
                "backstop lab detect --scenario v7 --requests 100000 --reps 2000 --rule ours --json",
                "backstop lab detect --scenario '10% canary' --reps 1000 --plot detect.svg",
                "backstop lab detect --scenario v7 --requests 100000 --reps 20000 --rule ours --counted",
            ],
        };
        foreach (var option in (Option[])[repetitions, requests, alpha, seed, scenario, rule, counted, plot, json])
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
                Rule = line.GetValue(rule),
                Counted = line.GetValue(counted),
            };
            var rows = Run(options, line.InvocationConfiguration.Error);
            if (line.GetValue(plot) is { } file)
            {
                DetectionPlot.Save(file, rows);
            }

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

    private static ImmutableArray<DetectionRow> Run(DetectionOptions options, TextWriter errors)
    {
        var scenarios = DetectionLab.ScenariosOf(options).ToList();
        if (scenarios.Count == 0)
        {
            throw CommandFailure.Usage(
                $"--scenario '{options.Only}' fits none. There are: {string.Join("; ", DetectionLab.ScenariosOf(options with { Only = null }).Select(s => s.Name))}.");
        }

        var known = scenarios.SelectMany(s => DetectionLab.RulesOf(s, options with { Rule = null })).Select(r => r.Name).Distinct().ToList();
        if (options.Rule is { } rule && !known.Exists(name => name.Contains(rule, StringComparison.OrdinalIgnoreCase)))
        {
            throw CommandFailure.Usage($"--rule '{rule}' fits none. There are: {string.Join("; ", known)}.");
        }

        var progress = new Progress(errors, scenarios.Count * (long)options.Repetitions);
        return
        [
            .. scenarios.SelectMany(scenario =>
            {
                progress.Begin(scenario.Name);
                return DetectionLab.Run(scenario, options, progress.Step);
            }),
        ];
    }

    private static void Explain(TextWriter output, ImmutableArray<DetectionRow> rows, DetectionOptions options)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{options.Repetitions} repetitions, alpha {options.Alpha}, seed {options.Seed}. Requests of both arms; intervals are 95 % (Clopper and Pearson)."));
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
        $"  {row.Rule,-34}  found {row.Fired.Hits - row.FiredEarly.Hits,6} of {row.Fired.Trials,-6}  mean {Show(row.MeanDelay),7}  p50 {Show(row.P50),6}  p95 {Show(row.P95),6}  p99 {Show(row.P99),6}"
        + $"  bound {Show(row.Bound),6}  on the tested release {Show(row.MeanTested),6}{(row.FiredEarly.Hits > 0 ? $"  too early {row.FiredEarly.Hits}" : "")}{Aside(row)}");

    private static string Thrown(DetectionRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {row.Rule,-34}  false rollback {row.Fired.Hits,6} of {row.Fired.Trials,-6}  {row.Fired.Value,7:0.00%}  ({row.Fired.Lower:0.000%} to {row.Fired.Upper:0.000%}; below {row.Fired.UpperLimit:0.000%}){Aside(row)}");

    private static string Aside(DetectionRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(row.Froze is { } froze ? $"  froze decisions in {froze.Share.Hits}, after {froze.MeanRequests:0} requests" : "")}"
        + $"{(row.Named is { } named ? $"  named a replica in {named.Share.Hits} (wrongly in {named.Wrong.Hits}), after {named.MeanRequests:0} requests" : "")}");

    private static string Show(double? requests) => requests?.ToString(requests < 1000 ? "0.#" : "0", CultureInfo.InvariantCulture) ?? "-";

    private sealed record Report(int Repetitions, int Requests, double Alpha, int Seed, ImmutableArray<DetectionRow> Rows);
}
