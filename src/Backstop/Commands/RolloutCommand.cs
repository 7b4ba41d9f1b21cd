using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>backstop rollout</c>: the staged exposure of a release.</summary>
internal static class RolloutCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the rollout." };

    public static Verb Create() => new("rollout", "Expose a release in steps, watch it, take it back.")
    {
        Start(), Show(), Abort(), Watch(),
    };

    private static Verb Start()
    {
        var alias = new Argument<string>("alias") { Description = "The alias, such as assistant:prod." };
        var release = new Argument<string>("release") { Description = "The release to expose." };
        var steps = new Option<string[]>("--step")
        {
            Description = "A canary step as PERCENT:SECONDS:UNITS, such as 5:600:1000; repeat it for more steps.",
            AllowMultipleArgumentsPerToken = true,
        };
        var atOnce = new Option<bool>("--at-once") { Description = "No canary: promote as soon as the release is warm." };
        var holdback = new Option<double?>("--holdback") { Description = "Percent that stays on the previous release after promotion. 5 by default." };
        var bake = new Option<double?>("--bake-s") { Description = "Seconds the promoted release is watched before it counts as verified. 7200 by default." };
        return Remote.Verb(
            "start",
            "Start a rollout.",
            [alias, release, steps, atOnce, holdback, bake],
            (parse, client, cancel) => client.StartRollout(
                parse.GetRequiredValue(alias),
                new(parse.GetRequiredValue(release))
                {
                    Plan = Plan(parse.GetValue(steps) ?? [], parse.GetValue(atOnce), parse.GetValue(holdback), parse.GetValue(bake)),
                },
                cancel),
            (rollout, screen) =>
            {
                Describe(rollout, screen);
                screen.Next($"backstop rollout watch {rollout.Id}");
            });
    }

    private static Verb Show() => Remote.Verb(
        "show", "Show where a rollout is.", [Id], (parse, client, cancel) => client.Rollout(parse.GetRequiredValue(Id), cancel), Describe);

    private static Verb Abort()
    {
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the journal.", DefaultValueFactory = _ => "by hand" };
        return Remote.Verb(
            "abort",
            "Take a rollout back. Nothing can stop this or undo it.",
            [Id, reason],
            (parse, client, cancel) => client.AbortRollout(parse.GetRequiredValue(Id), parse.GetRequiredValue(reason), cancel),
            Describe);
    }

    private static Verb Watch() => Remote.Verb(
        "watch",
        "Follow a rollout until it is over. Exits with 0 when it completed, 1 when it was taken back or rejected.",
        [Id],
        async (parse, client, cancel) =>
        {
            var screen = new Screen(AnsiConsole.Console);
            var id = parse.GetRequiredValue(Id);
            for (string? last = null; ;)
            {
                var rollout = (await client.Rollout(id, cancel)).Body;
                var now = $"{rollout.Status} step {rollout.Step} generation {rollout.Generation} {rollout.Reason}".TrimEnd();
                if (now != last)
                {
                    screen.Line($"{Screen.Time(DateTimeOffset.UtcNow)}  {now}");
                    last = now;
                }

                if (rollout.IsOver)
                {
                    return rollout.Status == "completed" ? ExitCode.Ok : ExitCode.No;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(250), cancel);
            }
        });

    private static void Describe(RolloutView rollout, Screen screen) => screen.Facts(
        ("id", rollout.Id),
        ("alias", rollout.Alias),
        ("status", rollout.Status),
        ("candidate", rollout.Candidate?.Name),
        ("baseline", rollout.Baseline?.Name),
        ("step", rollout.Step),
        ("generation", rollout.Generation),
        ("since", rollout.Since is { } since ? Screen.Time(since) : null),
        ("reason", rollout.Reason));

    private static PlanRequest? Plan(string[] steps, bool atOnce, double? holdback, double? bakeSeconds)
    {
        if (steps.Length == 0 && !atOnce)
        {
            return holdback is null && bakeSeconds is null
                ? null
                : throw CommandFailure.Usage("--holdback and --bake-s need a whole plan: name its steps with --step, or choose --at-once.");
        }

        if (steps.Length > 0 && atOnce)
        {
            throw CommandFailure.Usage("--at-once has no steps: leave out --step.");
        }

        return new([.. steps.Select(Step)])
        {
            HoldbackBasisPoints = holdback is { } percent ? (int)Math.Round(percent * 100) : null,
            BakeMs = bakeSeconds is { } seconds ? (long)(seconds * 1000) : null,
        };
    }

    private static StepPlan Step(string text) =>
        text.Split(':') is [var percent, var seconds, var units]
        && double.TryParse(percent, out var share) && double.TryParse(seconds, out var dwell) && long.TryParse(units, out var least)
            ? new((int)Math.Round(share * 100), (long)(dwell * 1000), least)
            : throw CommandFailure.Usage($"--step '{text}' is not a step: write PERCENT:SECONDS:UNITS, such as 5:600:1000.");
}
