using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Backstop.CommandLine;
using Backstop.Simulation.Fleets;

namespace Backstop.Commands;

/// <summary><c>backstop lab fleet</c>: the whole loop in virtual time, with everything going wrong, from one seed.</summary>
internal static class LabFleet
{
    public static Command Create()
    {
        var gateways = new Option<int>("--gateways") { Description = "How many gateways, 1 to 100000.", DefaultValueFactory = _ => 3 };
        var regions = new Option<int>("--regions")
        {
            Description = "How many regions they are in, 1 to 100. With more than one, regions are cut off, clocks are wrong and disks are slow, the control plane's too.", DefaultValueFactory = _ => 1,
        };
        var rate = new Option<double>("--rate") { Description = "Requests per second, all gateways together.", DefaultValueFactory = _ => 200 };
        var seed = new Option<ulong>("--seed") { Description = "Everything random is drawn from this.", DefaultValueFactory = _ => 1 };
        var seeds = new Option<int>("--seeds") { Description = "How many runs, from --seed upwards, 1 to 100000.", DefaultValueFactory = _ => 1 };
        var release = new Option<FleetRelease>("--release")
        {
            Description = "What is promoted over v7: bad (v8), good, or shared (good, while something that both need breaks).",
            DefaultValueFactory = _ => FleetRelease.Bad,
        };
        var loss = new Option<double>("--loss")
        {
            Description = "Probability that a message is lost, 0 to 0.5.", DefaultValueFactory = _ => FaultPlan.Rough.Loss,
        };
        var calm = new Option<bool>("--calm") { Description = "No crashes, no cuts, nothing doubled or out of order; only --loss, if given." };
        var trace = new Option<FileInfo>("--trace") { Description = "Write what happened to this file, line by line. One run only." };
        var json = Verb.JsonOption();
        gateways.Between(1, 100_000);
        regions.Between(1, 100);
        rate.Between(1, 1_000_000);
        seeds.Between(1, 100_000);
        loss.Between(0, 0.5);

        var verb = new Verb("fleet", "Run a fleet in virtual time with crashes, cuts and lost messages, and check every promise.")
        {
            Examples =
            [
                "backstop lab fleet",
                "backstop lab fleet --release shared --seed 7",
                "backstop lab fleet --gateways 10000 --regions 5 --rate 2000",
                "backstop lab fleet --gateways 10 --seeds 100 --loss 0.1 --json",
                "backstop lab fleet --seed 7 --trace fleet.txt",
            ],
        };
        foreach (var option in (Option[])[gateways, regions, rate, seed, seeds, release, loss, calm, trace, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var (first, count, file) = (line.GetValue(seed), line.GetValue(seeds), line.GetValue(trace));
            if (file is not null && count != 1)
            {
                throw CommandFailure.Usage("--trace writes one run. Leave --seeds out and name the run with --seed.");
            }

            var isCalm = line.GetValue(calm);
            var faults = isCalm ? FaultPlan.None : line.GetValue(regions) > 1 ? FaultPlan.Wide : FaultPlan.Rough;
            var options = new FleetOptions
            {
                Gateways = line.GetValue(gateways),
                Regions = line.GetValue(regions),
                Rate = line.GetValue(rate),
                Release = line.GetValue(release),
                Faults = isCalm && line.GetResult(loss) is not { Implicit: false } ? faults : faults with { Loss = line.GetValue(loss) },
            };
            var clock = Stopwatch.StartNew();
            var runs = new List<FleetReport>();
            for (var i = 0; i < count; i++)
            {
                runs.Add(SimulatedFleet.Run(options with { Seed = first + (ulong)i }, out var lines));
                Write(file, lines);
            }

            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new Report(runs.Count, runs.Count(r => !r.Violations.IsEmpty), [.. runs.Select(Row.Of)]));
            }
            else
            {
                Explain(output, options, runs, clock.Elapsed);
            }

            return runs.TrueForAll(r => r.Violations.IsEmpty) ? ExitCode.Ok : ExitCode.No;
        });
        return verb;
    }

    private static void Write(FileInfo? file, string lines)
    {
        try
        {
            if (file is not null)
            {
                File.WriteAllText(file.FullName, lines);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"The trace could not be written: {e.Message}", cause: e);
        }
    }

    private static void Explain(TextWriter output, FleetOptions options, List<FleetReport> runs, TimeSpan took)
    {
        output.WriteLine($"{options.Gateways} gateways, a {Word(options.Release)} release promoted over v7, {options.Rate} requests per second.");
        output.WriteLine();
        output.WriteLine("  seed  outcome           active  requests  to detect   detected  converged  verified  mishaps  lost  violations  trace");
        foreach (var run in runs)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {run.Seed,-4}  {run.Outcome,-16}  {run.Active,-6}  {run.Requests,8}  {run.RequestsToDetect?.ToString(CultureInfo.InvariantCulture) ?? "-",9}"
                + $"  {Seconds(run.DetectedAfter),9}  {Seconds(run.ConvergedAfter),9}  {Seconds(run.VerifiedAfter),8}"
                + $"  {run.Mishaps,7}  {run.MessagesLost,4}  {run.Violations.Sum(v => v.Count),10}  {run.TraceDigest[..12]}"));
        }

        output.WriteLine();
        foreach (var run in runs)
        {
            foreach (var violation in run.Violations)
            {
                output.WriteLine($"Seed {run.Seed} broke {violation.Count} times: {violation.Promise}");
                output.WriteLine($"  {violation.First[0]}");
            }
        }

        var held = runs.Count(r => r.Violations.IsEmpty);
        output.WriteLine($"Every promise held in {held} of {runs.Count} runs. {took.TotalSeconds:0.0} s; the same seed gives the same trace.");
        if (runs is [{ Incident: { } incident } only])
        {
            output.WriteLine($"Incident: {incident} ({(only.ReleaseToBlame == true ? "the release is to blame" : "the release is not blamed")}).");
        }
    }

    private static string Seconds(double? value) => value is { } seconds ? $"{seconds:0.00} s" : "-";

    private static string Word(FleetRelease release) => release switch
    {
        FleetRelease.Bad => "bad",
        FleetRelease.Good => "good",
        _ => "good (while what both need breaks)",
    };

    private sealed record Report(int Runs, int RunsWithViolations, IReadOnlyList<Row> Results);

    private sealed record Row(
        ulong Seed,
        string Outcome,
        string ActiveRelease,
        long Generation,
        long Requests,
        long? RequestsToDetect,
        long RequestsExposed,
        [property: JsonPropertyName("detected_after_s")] double? DetectedAfter,
        [property: JsonPropertyName("converged_after_s")] double? ConvergedAfter,
        [property: JsonPropertyName("verified_after_s")] double? VerifiedAfter,
        long ServedByBadAfterConvergence,
        bool? ReleaseToBlame,
        string? Incident,
        int Mishaps,
        long MessagesLost,
        long MessagesDoubled,
        long MessagesDetoured,
        IReadOnlyList<Violation> Violations,
        string TraceDigest)
    {
        public static Row Of(FleetReport run) => new(
            run.Seed,
            run.Outcome is { } status ? System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString()) : "none",
            run.Active,
            run.Generation,
            run.Requests,
            run.RequestsToDetect,
            run.RequestsExposed,
            run.DetectedAfter,
            run.ConvergedAfter,
            run.VerifiedAfter,
            run.ServedAfterConvergence,
            run.ReleaseToBlame,
            run.Incident,
            run.Mishaps,
            run.MessagesLost,
            run.MessagesDoubled,
            run.MessagesDetoured,
            run.Violations,
            run.TraceDigest);
    }
}
