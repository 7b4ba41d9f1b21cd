using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary><c>backstop rollout</c>: the staged exposure of a release.</summary>
internal static class RolloutCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the rollout." };

    private static readonly Option<string> Reason = new("--reason")
    {
        Description = "Why; it is kept in the journal.",
        DefaultValueFactory = _ => "by hand",
    };

    public static Verb Create() => new("rollout", "Expose a release in steps, watch it, hold it, take it back.")
    {
        RolloutStart.Create(), List(), Show(), WhatComes(), Watch(), Approve(), Pause(), Resume(), Plan(), Abort(), Trip(),
    };

    /// <summary>Where a rollout is.</summary>
    public static void Describe(RolloutView rollout, Screen screen) => screen.Facts(
        ("id", rollout.Id),
        ("alias", rollout.Alias),
        ("status", rollout.Paused ? $"{rollout.Status} (paused)" : rollout.Status),
        ("candidate", rollout.Candidate?.Name),
        ("baseline", rollout.Baseline?.Name),
        ("step", rollout.Step < 0 ? null : $"{rollout.Step + 1} of {rollout.Steps}"),
        ("generation", rollout.Generation),
        ("since", rollout.Since is { } since ? Screen.Time(since) : null),
        ("watched", rollout.WatchedMs is { } watched ? Screen.Span(TimeSpan.FromMilliseconds(watched)) : null),
        ("reason", rollout.Reason),
        ("failures", Failures(rollout.Judgement)),
        ("difference", Difference(rollout.Judgement)),
        ("copies", rollout.Shadow is { } shadow ? Copies(shadow) : null),
        ("waits", rollout.Waits),
        ("withheld", rollout.Withheld),
        ("superseded by", rollout.SupersededBy));

    /// <summary>What would happen, at best and in silence.</summary>
    public static void Describe(ForecastView forecast, Screen screen)
    {
        if (forecast.Refused is { } refused)
        {
            screen.Line($"It would be refused: {refused}");
            return;
        }

        if (forecast.AtBest is [{ Status: "completed" or "rolled_back" or "rejected" or "superseded" } end])
        {
            screen.Line($"It is over: {end.Status}{(end.Text is { } why ? $", {why}" : "")}.");
            return;
        }

        if (forecast.InSilence.FirstOrDefault(s => s.Status is "held" or "rolling_back" or "rejected") is { } first)
        {
            screen.Line($"If nothing else arrives, at {first.At.ToUniversalTime():HH:mm} (UTC) this will be {first.Status switch { "held" => "held", "rejected" => "rejected", _ => "taken back" }}.");
        }

        screen.Line(forecast.ReturnsTo is { } back ? $"A rollback after the promotion would return to {back.Name}." : "Nothing is promoted.");
        Describe("If every verdict is healthy", forecast.AtBest, screen);
        Describe("If no evidence arrives", forecast.InSilence, screen);
    }

    /// <summary>Shows what would happen; that it would be refused is a no.</summary>
    public static int ShowForecast(ParseResult line, Reply<ForecastView> forecast)
    {
        Remote.Show(line, forecast, Describe);
        return forecast.Body.Refused is null ? ExitCode.Ok : ExitCode.No;
    }

    /// <summary>How often the arms fail, with bounds; null where nothing is compared.</summary>
    public static string? Failures(JudgementView? judgement) =>
        judgement is { Tested: { } tested, Control: { } control } ? $"{Failures(tested)} against {Failures(control)}" : null;

    /// <summary>By how much more often the candidate fails, with bounds; null where nothing is compared.</summary>
    public static string? Difference(JudgementView? judgement) => judgement?.Difference is not { } difference
        ? null
        : $"{100 * difference.Estimate:+0.0;-0.0} points ({100 * difference.Lower:+0.0;-0.0} to {100 * difference.Upper:+0.0;-0.0}); bounds of 95 % that hold however often one looks";

    private static string Failures(ArmView arm) =>
        $"{100 * arm.FailureRate:0.0} % of {arm.Units}{(arm.FailureRateBounds is { } bounds ? $" ({100 * bounds.Lower:0.0} to {100 * bounds.Upper:0.0} %)" : "")}";

    private static string Copies(ShadowView shadow) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{shadow.Copies} asked, {shadow.Dropped} dropped, {shadow.Failed} without an answer; {shadow.Worse} worse and {shadow.Better} better than what users got; "
        + $"words agree by {shadow.Agreement:0 %}, time {shadow.Slowdown:+0 %;-0 %}, length {shadow.LengthChange:+0 %;-0 %}: {shadow.Verdict}");

    private static void Describe(string when, ForecastStep[] steps, Screen screen)
    {
        screen.Line("");
        screen.Line($"{when}:");
        foreach (var step in steps)
        {
            screen.Line($"  {Screen.Time(step.At)}  {step.Status} with {Screen.Percent(step.BasisPoints)}{(step.Text is { } text ? $": {text}" : "")}");
        }
    }

    private static Verb List()
    {
        var alias = new Argument<string>("alias") { Description = "The alias, such as assistant:prod." };
        var most = new Option<int>("--most") { Description = "At most so many, 1 to 1000.", DefaultValueFactory = _ => 20 };
        most.Between(1, 1000);
        return With(
            ["backstop rollout list assistant:prod", "backstop rollout list assistant:prod --most 1 --json"],
            Remote.Verb(
                "list",
                "List the rollouts of an alias, the last submitted first.",
                [alias, most],
                (parse, client, cancel) => client.Rollouts(parse.GetRequiredValue(alias), parse.GetValue(most), cancel),
                (rollouts, screen) => screen.Table(
                    rollouts,
                    "There was no rollout yet. Start one with 'backstop rollout start'.",
                    ("id", r => r.Id),
                    ("submitted", r => r.SubmittedAt is { } at ? Screen.Time(at) : null),
                    ("candidate", r => r.Candidate?.Name),
                    ("status", r => r.Paused ? $"{r.Status} (paused)" : r.Status),
                    ("reason", r => r.Reason))));
    }

    private static Verb Show() => With(
        ["backstop rollout show r0190c1"],
        Remote.Verb("show", "Show where a rollout is.", [Id], (parse, client, cancel) => client.Rollout(parse.GetRequiredValue(Id), cancel), Describe));

    private static Verb WhatComes() => With(
        ["backstop rollout forecast r0190c1"],
        Remote.Verb(
            "forecast",
            "Say what a rollout will do from here: if every verdict is healthy, and if no evidence arrives.",
            [Id],
            (parse, client, cancel) => client.Forecast(parse.GetRequiredValue(Id), cancel),
            Describe));

    private static Verb Approve()
    {
        var step = new Option<int?>("--step") { Description = "Approve the steps up to this one, counted from 1. Otherwise the next one." };
        return With(["backstop rollout approve r0190c1", "backstop rollout approve r0190c1 --step 3"], Remote.Verb(
            "approve",
            "Approve the next step of a rollout, or its promotion. It is taken with the next healthy verdict.",
            [Id, step],
            async (parse, client, cancel) =>
            {
                var id = parse.GetRequiredValue(Id);
                return await client.ApproveStep(id, parse.GetValue(step) ?? (await client.Rollout(id, cancel)).Body.Step + 2, cancel);
            },
            Describe));
    }

    private static Verb Pause() => With(["backstop rollout pause r0190c1 --reason \"a launch at noon\""], Remote.Verb(
        "pause",
        "Hold a rollout where it is. Its share stays, nothing rises, and a regression still takes it back.",
        [Id, Reason],
        (parse, client, cancel) => client.PauseRollout(parse.GetRequiredValue(Id), parse.GetRequiredValue(Reason), cancel),
        Describe));

    private static Verb Resume() => With(["backstop rollout resume r0190c1"], Remote.Verb(
        "resume",
        "Let a held rollout go on, with the next healthy verdict.",
        [Id],
        (parse, client, cancel) => client.ResumeRollout(parse.GetRequiredValue(Id), cancel),
        Describe));

    private static Verb Plan()
    {
        var file = new Argument<FileInfo>("file") { Description = "The plan, YAML or JSON." };
        var approve = new Option<string?>("--approve") { Description = "Why a looser plan is right. A tighter one needs no approval." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what the rollout would do under it, and when." };
        return Remote.Verb(
            "plan",
            "Change what is left of a rollout's plan, or say what it would do.",
            [Id, file, approve, dryRun],
            async (parse, client, cancel) =>
            {
                var (id, plan, why) = (parse.GetRequiredValue(Id), await RolloutPlanFile.Read(parse.GetRequiredValue(file), cancel), parse.GetValue(approve));
                return parse.GetValue(dryRun)
                    ? ShowForecast(parse, await client.ForecastPlan(id, plan, why, cancel))
                    : Remote.Show(parse, await client.ChangePlan(id, plan, why, cancel), Describe);
            },
            "backstop rollout plan r0190c1 slower.yaml --dry-run",
            "backstop rollout plan r0190c1 slower.yaml",
            "backstop rollout plan r0190c1 faster.yaml --approve \"the night was quiet\"");
    }

    private static Verb Abort() => With(["backstop rollout abort r0190c1 --reason \"users complain\""], Remote.Verb(
        "abort",
        "Take a rollout back. Nothing can stop this or undo it.",
        [Id, Reason],
        (parse, client, cancel) => client.AbortRollout(parse.GetRequiredValue(Id), parse.GetRequiredValue(Reason), cancel),
        Describe));

    private static Verb Trip()
    {
        var reason = new Option<string>("--reason") { Description = "What was confirmed; it is kept in the journal.", Required = true };
        return With(["backstop rollout trip r0190c1 --reason \"an address of another customer in an answer\""], Remote.Verb(
            "trip",
            "Take a release back for one confirmed safety event, such as leaked personal data, and quarantine it.",
            [Id, reason],
            (parse, client, cancel) => client.TripRollout(parse.GetRequiredValue(Id), parse.GetRequiredValue(reason), cancel),
            Describe));
    }

    private static Verb Watch() => Remote.Verb(
        "watch",
        "Follow a rollout until it is over. Exits with 0 when it completed, 1 when it was taken back or rejected. With --json it prints how it ended.",
        [Id],
        async (parse, client, cancel) =>
        {
            var screen = new Screen(AnsiConsole.Console);
            var id = parse.GetRequiredValue(Id);
            for (string? last = null; ;)
            {
                var reply = await client.Rollout(id, cancel);
                var rollout = reply.Body;
                var now = $"{rollout.Status} step {Math.Max(0, rollout.Step + 1)} of {rollout.Steps} generation {rollout.Generation} {rollout.Reason}".TrimEnd();
                if (now != last && !Remote.WantsJson(parse))
                {
                    screen.Line($"{Screen.Time(DateTimeOffset.UtcNow)}  {now}");
                    last = now;
                }

                if (rollout.IsOver)
                {
                    if (Remote.WantsJson(parse))
                    {
                        Remote.Show(parse, reply, Describe);
                    }

                    return rollout.Status == "completed" ? ExitCode.Ok : ExitCode.No;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(250), cancel);
            }
        },
        "backstop rollout watch r0190c1",
        "backstop rollout watch r0190c1 --json");

    private static Verb With(string[] examples, Verb verb)
    {
        verb.Examples = examples;
        return verb;
    }
}
