using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using Backstop.CommandLine;
using Backstop.Demo;
using Backstop.Demo.Faults;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>backstop demo</c>: the whole loop on real processes and real HTTP.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var rate = new Option<double>("--rate") { Description = "Requests per second, 20 to 500.", DefaultValueFactory = _ => 60 };
        var seed = new Option<int>("--seed") { Description = "Decides questions, arrivals and what the models answer.", DefaultValueFactory = _ => 7 };
        var good = new Option<bool>("--good") { Description = "v8 is as good as v7: nothing should happen." };
        var fault = new Option<bool>("--upstream-fault") { Description = "Both releases get worse together: v8 should not be blamed." };
        var atOnce = new Option<bool>("--at-once") { Description = "Promote v8 to all but a holdback without a canary." };
        var keep = new Option<bool>("--keep") { Description = "Leave the store and the logs on disk, and say where." };
        var breaks = new Option<string?>("--fault") { Description = "What breaks: model (v8 is bad), prompt (edited at the application), features (a pipeline emits nulls), index (it went stale), all (the last three at the same time, on an alias each)." };
        breaks.AcceptOnlyFromAmong("model", "prompt", "features", "index", DemoOptions.AllFaults);
        var json = Verb.JsonOption();
        var verb = new Verb("demo", "Promote a bad release in front of users, and watch what happens.")
        {
            Examples = ["backstop demo", "backstop demo --at-once", "backstop demo --good", "backstop demo --upstream-fault", "backstop demo --fault prompt", "backstop demo --fault all", "backstop demo --json --seed 42 --rate 60"],
        };
        foreach (var option in (Option[])[rate, seed, good, fault, breaks, atOnce, keep, json])
        {
            verb.Options.Add(option);
        }

        rate.Validators.Add(result =>
        {
            if (result.GetValue(rate) is not (>= 20 and <= 500))
            {
                result.AddError($"--rate is {result.GetValue(rate)}: choose 20 to 500 requests per second.");
            }
        });
        verb.Validators.Add(result =>
        {
            if (result.GetValue(breaks) is not (null or "model") && (result.GetValue(good) || result.GetValue(fault) || result.GetValue(atOnce)))
            {
                result.AddError("--fault prompt, features, index and all are stories of their own: leave --good, --upstream-fault and --at-once out.");
            }

            if (result.GetValue(good) && result.GetValue(fault))
            {
                result.AddError("--good and --upstream-fault are two different stories: choose one.");
            }
        });
        verb.SetAction(async (line, cancel) =>
        {
            var story = line.GetValue(good) ? DemoStory.GoodRelease : line.GetValue(fault) ? DemoStory.UpstreamFault : DemoStory.BadRelease;
            var options = new DemoOptions(story, line.GetValue(rate), line.GetValue(seed), line.GetValue(atOnce), line.GetValue(keep), line.GetValue(breaks) is "model" ? null : line.GetValue(breaks));
            var output = line.InvocationConfiguration.Output;
            if (options.Fault is not null)
            {
                var asJson = line.GetValue(json);
                var reports = await Demonstration.PlayFaults(options, Steps(asJson ? line.InvocationConfiguration.Error : output), cancel);
                if (asJson && options.Fault is DemoOptions.AllFaults)
                {
                    output.WriteJson(reports);
                }
                else if (asJson)
                {
                    output.WriteJson(reports[0]);
                }
                else
                {
                    FaultReport.Tell(reports, output);
                }
            }
            else if (line.GetValue(json))
            {
                output.WriteJson(await Demonstration.Play(options, Steps(line.InvocationConfiguration.Error), cancel));
            }
            else if (AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected)
            {
                Telling.Tell(output, await Live(options, cancel));
            }
            else
            {
                Telling.Tell(output, await Demonstration.Play(options, Steps(output), cancel));
            }

            return ExitCode.Ok;
        });
        return verb;
    }

    /// <summary>One line per step, for whoever is not a terminal.</summary>
    private static Action<DemoProgress> Steps(TextWriter output)
    {
        var clock = Stopwatch.StartNew();
        var last = new ConcurrentDictionary<string, string>(StringComparer.Ordinal); // Of several stories at the same time, each goes its own way.
        return progress =>
        {
            var story = progress.Story ?? "";
            var step = progress.Doing + (progress.Rollout is { } rollout ? $" (rollout {rollout.Status}, generation {progress.Alias!.Generation})" : "");
            if (last.GetValueOrDefault(story) != step)
            {
                output.WriteLine($"{clock.Elapsed.TotalSeconds,5:0.0} s  {(story.Length > 0 ? story + ": " : "")}{step}");
                last[story] = step;
            }
        };
    }

    private static async Task<DemoReport> Live(DemoOptions options, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        return await AnsiConsole.Live(Text.Empty).StartAsync(live => Demonstration.Play(
            options,
            progress =>
            {
                live.UpdateTarget(LiveView.Render(progress, clock.Elapsed));
                live.Refresh();
            },
            cancel));
    }
}
