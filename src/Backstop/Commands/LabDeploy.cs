using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Deployments;
using Backstop.Plots;

namespace Backstop.Commands;

/// <summary><c>backstop lab deploy</c>: the whole way of a release on real processes, and how long it takes to get rid of a bad one.</summary>
internal static class LabDeploy
{
    // A repetition takes about a quarter of a minute where the cores are not taken by others.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static Command Create()
    {
        var seeds = new Option<int>("--seeds") { Description = "Repetitions of each case, 1 to 100.", DefaultValueFactory = _ => 3 };
        var seed = new Option<int>("--seed") { Description = "Seed of the first one.", DefaultValueFactory = _ => 1 };
        var rate = new Option<double>("--rate") { Description = "Requests per second, 10 to 1000.", DefaultValueFactory = _ => 100 };
        var load = new Option<double>("--cold-load") { Description = "Seconds that a stopped server loads before its process starts, 0 to 300.", DefaultValueFactory = _ => 2 };
        var only = new Option<string?>("--case") { Description = "Only one case: canary, promoted-warm or promoted-cold." };
        var plot = PlotFile.Option("the time to recovery of every case");
        var json = Verb.JsonOption();
        seeds.Between(1, 100);
        rate.Between(10, 1000);
        load.Between(0, 300);
        only.AcceptOnlyFromAmong("canary", "promoted-warm", "promoted-cold");
        var verb = new Verb(
            "deploy",
            "Release a model as a pipeline would, on real processes: it passes its offline gate, gets 5 % of the traffic, regresses by injection and is taken back. "
            + "Time to recovery is split into detection and rollback, with the previous release warm and cold.")
        {
            Examples = ["backstop lab deploy", "backstop lab deploy --seeds 10 --cold-load 30 --plot deploy.svg", "backstop lab deploy --case canary --json"],
        };
        foreach (var option in (Option[])[seeds, seed, rate, load, only, plot, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            var options = new DeployOptions(line.GetValue(seeds), line.GetValue(seed), line.GetValue(rate), TimeSpan.FromSeconds(line.GetValue(load)));
            DeployCase[] cases = line.GetValue(only) is { } one
                ? [Enum.GetValues<DeployCase>().Single(c => Name(c).Replace(", ", "-", StringComparison.Ordinal) == one)]
                : Enum.GetValues<DeployCase>();
            var runs = await Play(options, cases, line.InvocationConfiguration.Error, cancel);
            if (line.GetValue(plot) is { } file)
            {
                DeployPlot.Save(file, runs);
            }

            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new Report(options.Rate, options.ColdLoad.TotalSeconds, runs, [.. cases.Select(c => Summary.Of(c, runs))], Conclude(runs)));
            }
            else
            {
                Explain(output, options, cases, runs);
            }

            return runs.All(r => r is { Status: "rolled_back", LateOnBad: 0 }) ? ExitCode.Ok : ExitCode.No;
        });
        return verb;
    }

    private static async Task<ImmutableArray<DeployRun>> Play(DeployOptions options, DeployCase[] cases, TextWriter errors, CancellationToken cancel)
    {
        var runs = ImmutableArray.CreateBuilder<DeployRun>();
        for (var n = 0; n < options.Seeds; n++)
        {
            foreach (var story in cases)
            {
                errors.WriteLine($"repetition {n + 1} of {options.Seeds}, {Name(story)}");
                using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                late.CancelAfter(Patience + options.ColdLoad);
                try
                {
                    runs.Add(await new DeployTrial(story, options, options.Seed + n).Run(late.Token));
                }
                catch (Exception e) when (e is ControlException or IOException or HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
                {
                    var why = e is OperationCanceledException ? $"nothing more happened within {(Patience + options.ColdLoad).TotalSeconds:0} s" : e.Message;
                    throw new CommandFailure($"Seed {options.Seed + n}, {Name(story)}: {why}", ExitCode.No, cause: e);
                }
            }
        }

        return runs.ToImmutable();
    }

    private static void Explain(TextWriter output, DeployOptions options, DeployCase[] cases, ImmutableArray<DeployRun> runs)
    {
        output.WriteLine(Invariant(
            $"{options.Rate:0} requests per second on real processes. Seconds; detection is from the injection to the decision, rollback from there until the last user was safe."));
        output.WriteLine();
        output.WriteLine("  case             seed  gate    detection  durable  acknowledged  rollback  recovery  exposed  turned away  late");
        foreach (var run in runs.OrderBy(r => r.Case).ThenBy(r => r.Seed))
        {
            output.WriteLine(Invariant(
                $"  {Name(run.Case),-15}  {run.Seed,4}  {run.GateCases - run.GateFailed,2}/{run.GateCases}  {run.Detection,10:0.000}  {run.Commit,7:0.000}  {run.Converged,12:0.000}  {run.Rollback,8:0.000}  {run.Recovery,8:0.000}  {run.Exposed,7}  {run.TurnedAway,11}  {run.LateOnBad,4}"));
        }

        output.WriteLine();
        foreach (var summary in cases.Select(c => Summary.Of(c, runs)))
        {
            output.WriteLine(Invariant(
                $"  {summary.Case,-15}  mean of {summary.Runs}: detection {summary.Detection:0.00}, rollback {summary.Rollback:0.000}, recovery {summary.Recovery:0.00} ({summary.DetectionShare:0%} of it detection)"));
        }

        output.WriteLine();
        foreach (var sentence in Conclude(runs))
        {
            output.WriteLine(sentence);
        }
    }

    private static ImmutableArray<string> Conclude(ImmutableArray<DeployRun> runs)
    {
        double? Mean(DeployCase story) => runs.Where(r => r.Case == story).Select(r => (double?)r.Rollback).Average();
        return Mean(DeployCase.PromotedWarm) is { } warm && Mean(DeployCase.PromotedCold) is { } cold
            ? [Invariant($"A warm previous release makes the rollback {cold / warm:0} times shorter: {warm:0.000} s instead of {cold:0.000} s.")]
            : [];
    }

    private static string Name(DeployCase story) => story switch
    {
        DeployCase.Canary => "canary",
        DeployCase.PromotedWarm => "promoted, warm",
        _ => "promoted, cold",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Report(double Rate, double ColdLoadS, ImmutableArray<DeployRun> Runs, ImmutableArray<Summary> Cases, ImmutableArray<string> Conclusions);

    private sealed record Summary(string Case, int Runs, double Detection, double Rollback, double Recovery, double DetectionShare)
    {
        public static Summary Of(DeployCase story, ImmutableArray<DeployRun> runs)
        {
            DeployRun[] of = [.. runs.Where(r => r.Case == story)];
            var (detection, rollback, recovery) = (of.Average(r => r.Detection), of.Average(r => r.Rollback), of.Average(r => r.Recovery));
            return new(Name(story), of.Length, detection, rollback, recovery, detection / recovery);
        }
    }
}
