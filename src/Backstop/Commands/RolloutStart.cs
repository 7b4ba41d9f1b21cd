using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Rollouts;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>backstop rollout start</c>.</summary>
internal static class RolloutStart
{
    private static readonly Argument<string> Alias = new("alias") { Description = "The alias, such as assistant:prod." };
    private static readonly Argument<string> Release = new("release") { Description = "The release to expose." };
    private static readonly Option<FileInfo?> File = new("--plan") { Description = "The plan, YAML or JSON." };
    private static readonly Option<string?> Preset = new("--preset") { Description = "A plan that has a name: canary, blue-green, a-b or shadow-only." };

    private static readonly Option<string[]> Steps = new("--step")
    {
        Description = "A canary step as PERCENT:TIME:UNITS, such as 5:10m:1000; a time without a unit is in seconds. Repeat it for more steps.",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> AtOnce = new("--at-once") { Description = "No canary: promote as soon as the release is warm." };
    private static readonly Option<double?> Holdback = new("--holdback") { Description = "Percent that stays on the previous release after promotion. 5 by default." };

    private static readonly Option<double?> Bake = new("--bake-s")
    {
        Description = "Seconds the promoted release must be seen healthy before it counts as verified. 7200 by default.",
    };

    private static readonly Option<double?> MaxSlowdown = new("--max-slowdown")
    {
        Description = "Roll back when the release takes longer than its baseline by more than this many percent. Latency is only shown when this is left out.",
    };

    private static readonly Option<string?> BreakGlass = new("--break-glass")
    {
        Description = "Skip gates, freezes and approvals for this reason: current itself is broken. Safety monitors stay on, and a person is paged.",
    };

    private static readonly Option<string?> NoWayBack = new("--no-way-back")
    {
        Description = "Expose the release for this reason though the one before it could not take over again, by what they declare under compatibility.",
    };

    private static readonly Option<bool> Supersede = new("--supersede") { Description = "Take the place of an active rollout that is not promoted yet." };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only say what the plan would do, and when. Exit code 1 when it would be refused." };

    public static Verb Create()
    {
        Preset.AcceptOnlyFromAmong([.. RolloutPresets.All.Keys]);
        return Start();
    }

    private static Verb Start() => Remote.Verb(
        "start",
        "Start a rollout, or say what it would do.",
        [Alias, Release, File, Preset, Steps, AtOnce, Holdback, Bake, MaxSlowdown, BreakGlass, NoWayBack, Supersede, DryRun],
        Run,
        examples:
        [
            "backstop rollout start assistant:prod v8 --step 5:10m:1000 50:10m:1000",
            "backstop rollout start assistant:prod v8 --preset canary --dry-run",
            "backstop rollout start assistant:prod v8 --plan plan.yaml",
            "backstop rollout start assistant:prod v8 --preset shadow-only",
            "backstop rollout start assistant:prod v8 --step 5:10m:1000 --max-slowdown 25",
        ]);

    private static async Task<int> Run(ParseResult line, ControlClient client, CancellationToken cancel)
    {
        var rollout = new NewRollout(line.GetRequiredValue(Release))
        {
            Plan = await Plan(line, cancel),
            Supersede = line.GetValue(Supersede) ? true : null,
            Evidence = line.GetValue(MaxSlowdown) is { } percent ? new() { ["latency_margin"] = percent / 100 } : null,
        };
        var alias = line.GetRequiredValue(Alias);
        return line.GetValue(DryRun)
            ? RolloutCommand.ShowForecast(line, await client.ForecastRollout(alias, rollout, cancel))
            : Remote.Show(line, await client.StartRollout(alias, rollout, cancel), (started, screen) =>
            {
                RolloutCommand.Describe(started, screen);
                screen.Next($"backstop rollout watch {started.Id}");
            });
    }

    private static async Task<JsonNode?> Plan(ParseResult line, CancellationToken cancel)
    {
        var (file, preset, steps, atOnce) = (line.GetValue(File), line.GetValue(Preset), line.GetValue(Steps) ?? [], line.GetValue(AtOnce));
        if (new[] { file is not null, preset is not null, steps.Length > 0, atOnce }.Count(given => given) > 1)
        {
            throw CommandFailure.Usage("--plan, --preset, --step and --at-once are four ways to give a plan: choose one.");
        }

        var plan = file is not null ? await RolloutPlanFile.Read(file, cancel) : new JsonObject();
        if (preset is not null)
        {
            plan["preset"] = preset;
        }

        if (steps.Length > 0 || atOnce)
        {
            plan["steps"] = JsonSerializer.SerializeToNode(steps.Select(Step), ControlClient.Json);
        }

        if (line.GetValue(Holdback) is { } holdback)
        {
            plan["holdback_basis_points"] = (int)Math.Round(holdback * 100);
        }

        if (line.GetValue(Bake) is { } bake)
        {
            plan["bake_ms"] = (long)(bake * 1000);
        }

        if (line.GetValue(BreakGlass) is { } why)
        {
            plan["break_glass"] = why;
        }

        if (line.GetValue(NoWayBack) is { } given)
        {
            plan["no_way_back"] = given;
        }

        return plan.Count == 0 ? null : plan;
    }

    private static StepPlan Step(string text) =>
        text.Split(':') is [var percent, var seconds, var units]
        && double.TryParse(percent.TrimEnd('%', ' '), NumberStyles.Float, CultureInfo.InvariantCulture, out var share)
        && (RolloutPlanFile.Milliseconds(seconds) ?? RolloutPlanFile.Milliseconds(seconds + "s")) is { } dwell
        && long.TryParse(units, NumberStyles.Integer, CultureInfo.InvariantCulture, out var least)
            ? new((int)Math.Round(share * 100), dwell, least)
            : throw CommandFailure.Usage($"--step '{text}' is not a step: write PERCENT:TIME:UNITS, such as 5:10m:1000.");
}
