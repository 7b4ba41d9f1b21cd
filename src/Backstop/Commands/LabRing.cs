using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Core.Guards;
using Backstop.Plots;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Rings;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop lab ring</c>: what escapes a ring of checks, by formula and counted, what it costs, and how many replicas it needs.</summary>
internal static class LabRing
{
    public static Command Create()
    {
        var miss = Number("--miss-rate", "Share of harmful texts that each check of the formula misses, above 0 and below 1.", 0.2, 1e-6, 0.999999);
        var target = Number("--target", "Escape probability wanted, above 0 and below 1.", 1e-3, 1e-12, 0.999999);
        var rate = Number("--rate", "Requests a second to size for.", 1000, 0.001, 1e9);
        var served = Number("--served", "Requests a second that one serving replica answers.", 20, 0.001, 1e9);
        var budget = Number("--budget-ms", "Most milliseconds that the ring may add to 99 % of the requests.", 5, 0.001, 1e6);
        var seconds = Number("--seconds", "Time for each measurement under load.", 2, 0.05, 600);
        var policy = GuardCommand.PolicyOption();
        var data = GuardCommand.DataOption();
        var plot = PlotFile.Option("escape probabilities over the number of checks");
        var json = Verb.JsonOption();
        var verb = new Verb("ring", "How likely a harmful answer escapes a ring of checks, what the ring costs, and how many replicas of it are needed.")
        {
            Examples =
            [
                "backstop lab ring",
                "backstop lab ring --miss-rate 0.2 --target 0.001 --rate 5000 --budget-ms 2",
                "backstop lab ring --data ./data --plot ring.svg --json",
            ],
        };
        foreach (var option in (Option[])[miss, target, rate, served, budget, seconds, policy, data, plot, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var guard = line.GetValue(policy) is { } file ? GuardCommand.Policy(file) : GuardPolicy.Default;
            var checks = guard.Stages.Values.SelectMany(stage => stage.Checks).DistinctBy(use => use.Id).ToList();
            if (checks.Count == 0)
            {
                throw CommandFailure.Usage($"The policy {guard.Name} has no checks.");
            }

            var errors = line.InvocationConfiguration.Error;
            var report = new Report(
                Formulas(line.GetValue(miss), line.GetValue(target)),
                Measured(line.GetValue(data), guard, checks, errors),
                Loaded(guard, checks, TimeSpan.FromSeconds(line.GetValue(seconds))),
                Sized(guard, checks, line.GetValue(rate), line.GetValue(served), line.GetValue(budget) / 1000, TimeSpan.FromSeconds(line.GetValue(seconds))));
            if (line.GetValue(plot) is { } figure)
            {
                RingPlot.Save(figure, [.. report.Formula.Escapes.Select(point => point.Escape)], [.. report.Counted.Select(set => (set.Set, set.Escapes))]);
            }

            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(report);
            }
            else
            {
                Explain(output, report);
            }
        });
        return verb;
    }

    private static Formula Formulas(double miss, double target)
    {
        var needed = EscapeFormula.ChecksNeeded(miss, target);
        return new Formula(
            miss, target, needed, EscapeFormula.ChecksNeeded(1 - miss, target),
            [.. Enumerable.Range(1, Math.Min(needed + 1, 20)).Select(n => new Point(n, EscapeFormula.Independent(Enumerable.Repeat(miss, n))))]);
    }

    private static IReadOnlyList<SetEscapes> Measured(DirectoryInfo? data, GuardPolicy policy, IReadOnlyList<CheckUse> checks, TextWriter errors)
    {
        if (data is null)
        {
            errors.WriteLine("No data: escapes are not counted. Say --data DIR or set BACKSTOP_DATA.");
            return [];
        }

        var folder = GuardCommand.Folder(data);
        return
        [
            .. new[] { "attack", "toxicity", "pii" }.Where(set => Directory.Exists(Path.Combine(folder, set))).Select(set =>
            {
                var texts = Directory.GetFiles(Path.Combine(folder, set), "*.jsonl").Order(StringComparer.Ordinal).SelectMany(LabelledText.ReadFile).ToList();
                return new SetEscapes(set, RingTrial.Run(checks, policy.Streaming, texts, new ProgressLine(errors, set).Report));
            }),
        ];
    }

    private static IReadOnlyList<Load> Loaded(GuardPolicy policy, IReadOnlyList<CheckUse> checks, TimeSpan time)
    {
        var (texts, all) = (Texts(), RingOf(policy, checks));
        var most = 1 / RingLoad.Cost(all, texts, time / 4).Mean;
        Ring[] each = [.. checks.Select(check => RingOf(policy, [check]))];
        return
        [
            .. from share in (double[])[0.1, 0.4, 0.7]
               from parallel in (bool[])[false, true]
               select new Load(share, parallel, RingLoad.Run(parallel ? each : [all], texts, most * share, time)),
        ];
    }

    private static Sizing Sized(GuardPolicy policy, IReadOnlyList<CheckUse> checks, double rate, double served, double budget, TimeSpan time)
    {
        var (mean, square) = RingLoad.Cost(RingOf(policy, checks), Texts(), time / 2);
        var serving = Math.Ceiling(rate / served);
        var replicas = RingSizing.Replicas(rate, mean, square, budget);
        return new Sizing(rate, budget, mean * 1e6, serving, replicas, replicas / serving);
    }

    // Ordinary prompts of our own, a few of each length.
    private static List<string> Texts() =>
        [.. TrainingData.Make("injection.grammar", "attack", 4000, seed: 3).Where(row => !row.Positive).Select(row => row.Text).Chunk(8).Select(prompts => string.Join(' ', prompts))];

    private static Ring RingOf(GuardPolicy policy, IEnumerable<CheckUse> checks) => Ring.Compile(policy with
    {
        Stages = ImmutableSortedDictionary<GuardStage, StagePolicy>.Empty.Add(GuardStage.Input, policy.Stages.Values.First() with { Checks = [.. checks] }),
    });

    private static void Explain(TextWriter output, Report report)
    {
        var formula = report.Formula;
        output.WriteLine(Invariant($"If checks fail independently and each misses {formula.MissRate:0.###}, the escape probability is the product of the miss rates:"));
        output.WriteLine("  " + string.Join("   ", formula.Escapes.Select(point => Invariant($"{point.Checks}: {point.Escape:0.0e+0}"))));
        output.WriteLine(Invariant($"  {formula.Needed} checks reach {formula.Target:0.0e+0}. The textbook's exercise prints the product of (1 - r), which fits rates of catching"));
        output.WriteLine(Invariant($"  and would ask for {formula.NeededIfReadAsCatching}."));
        foreach (var set in report.Counted)
        {
            output.WriteLine();
            output.WriteLine($"{set.Set}: {set.Escapes.Harmful} to catch, {set.Escapes.Harmless} harmless; checks in the order in which to add them");
            output.WriteLine($"  {"check",-16} {"misses alone",-26} {"product",-10} {"escapes all so far, counted",-30} harmless flagged");
            foreach (var step in set.Escapes.Steps)
            {
                output.WriteLine($"  {step.Check,-16} {Show(step.Misses),-26} {Invariant($"{step.Product:0.0000}"),-10} {Show(step.Escapes),-30} {Show(step.FalsePositives)}");
            }
        }

        output.WriteLine();
        output.WriteLine($"  {"under load",-22} {"one after the other",-34} each on a thread of its own");
        foreach (var share in report.Load.GroupBy(load => load.ShareOfMost))
        {
            output.WriteLine($"  {Invariant($"{share.Key:P0} of what one core can"),-22} {Show(share.First(load => !load.Parallel)),-34} {Show(share.First(load => load.Parallel))}");
        }

        var sizing = report.Sizing;
        output.WriteLine();
        output.WriteLine(sizing.RingReplicas is { } replicas
            ? Invariant($"{sizing.Rate:0} requests/s at {sizing.MicrosecondsPerRequest:0} us each within {sizing.BudgetSeconds * 1000:0.###} ms: {replicas} ring replica(s) of one core for {sizing.ServingReplicas:0} serving, {sizing.RingPerServing:0.000} each.")
            : Invariant($"A request costs {sizing.MicrosecondsPerRequest:0} us, and the longest do not fit into {sizing.BudgetSeconds * 1000:0.###} ms on any number of replicas."));
    }

    private static string Show(Proportion? share) => share is null ? "-" : Invariant($"{share.Value:0.0%} ({share.Lower:0.0%} to {share.Upper:0.0%})");

    private static string Show(Load load) => Invariant($"p50 {load.Figures.P50:0.0} us, p99 {load.Figures.P99:0.0} us");

    private static string Invariant(FormattableString value) => value.ToString(CultureInfo.InvariantCulture);

    private static Option<double> Number(string name, string description, double usual, double min, double max)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Between(min, max);
        return option;
    }

    private sealed record Report(Formula Formula, IReadOnlyList<SetEscapes> Counted, IReadOnlyList<Load> Load, Sizing Sizing);

    private sealed record Formula(double MissRate, double Target, int Needed, int NeededIfReadAsCatching, IReadOnlyList<Point> Escapes);

    private sealed record Point(int Checks, double Escape);

    private sealed record SetEscapes(string Set, RingEscapes Escapes);

    private sealed record Load(double ShareOfMost, bool Parallel, LoadFigures Figures);

    private sealed record Sizing(double Rate, double BudgetSeconds, double MicrosecondsPerRequest, double ServingReplicas, int? RingReplicas, double? RingPerServing);
}
