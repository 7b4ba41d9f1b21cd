using System.Collections.Immutable;
using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Declarations;

namespace Backstop.Commands;

/// <summary><c>backstop apply</c>: makes the server what files say, so that a repository can be the place of review.</summary>
internal static class ApplyCommand
{
    private static readonly string[] Endings = [".yaml", ".yml", ".json"];

    public static Verb Create()
    {
        var from = new Option<string>("--file", "-f") { Description = "A file, or a directory whose .yaml, .yml and .json files are read.", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would change, and change nothing." };
        var wait = new Option<bool>("--wait") { Description = "Wait until every rollout that was started is over; exit with 1 when one was taken back." };
        return Remote.Verb(
            "apply",
            "Make the server what files declare: releases are registered, aliases created or rolled out. What is not declared is left alone.",
            [from, dryRun, wait],
            async (parse, client, cancel) =>
            {
                var applying = new Applying(client);
                var set = await Load(parse.GetRequiredValue(from), applying, cancel);
                var steps = ApplyPlan.Of(set, await applying.Look(set, cancel));
                var refused = steps.Any(s => s.Action == ApplyAction.Refuse);
                ImmutableArray<RolloutView> rollouts = refused || parse.GetValue(dryRun) ? [] : await applying.Do(steps, set, cancel);
                if (parse.GetValue(wait))
                {
                    rollouts = [.. await Task.WhenAll(rollouts.Select(r => Over(client, r, cancel)))];
                }

                var report = new Report(parse.GetValue(dryRun), Applied: !refused && !parse.GetValue(dryRun), steps, rollouts);
                Remote.Print(parse, report, Tell);
                return refused || (parse.GetValue(wait) && rollouts.Any(r => r.Status != "completed")) ? ExitCode.No : ExitCode.Ok;
            },
            "backstop apply -f deploy/ --dry-run",
            "backstop apply -f deploy/ --wait");
    }

    private static async Task<DeclarationSet> Load(string path, Applying applying, CancellationToken cancel)
    {
        string[] files = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Where(f => Endings.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal)]
            : File.Exists(path) ? [path] : throw CommandFailure.Usage($"'{path}' does not exist.");
        if (files.Length == 0)
        {
            throw CommandFailure.Usage($"'{path}' has no {string.Join(", ", Endings)} file.");
        }

        try
        {
            Declaration[] declared = [.. files.SelectMany(f => DeclarationReader.Read(f, File.ReadAllText(f)))];
            return DeclarationSet.Of(await applying.WithComponents(declared, cancel));
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    private static async Task<RolloutView> Over(ControlClient client, RolloutView rollout, CancellationToken cancel)
    {
        while (!rollout.IsOver)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), cancel);
            var now = (await client.Rollout(rollout.Id, cancel)).Body;
            if (now.Status != rollout.Status)
            {
                await Console.Error.WriteLineAsync($"{now.Alias}: {now.Status}");
            }

            rollout = now;
        }

        return rollout;
    }

    private static void Tell(Report report, Screen screen)
    {
        foreach (var step in report.Steps)
        {
            screen.Line($"{Sign(step.Action)} {step.Kind} {step.Name}: {step.Text}");
            foreach (var difference in step.Differences ?? [])
            {
                screen.Line($"    {difference.Path}: {difference.Before ?? "-"} → {difference.After ?? "-"}");
            }
        }

        foreach (var rollout in report.Rollouts)
        {
            screen.Next($"backstop rollout watch {rollout.Id}");
        }

        screen.Line(report switch
        {
            { Applied: true } => "Applied.",
            { DryRun: true } when report.Steps.All(s => s.Action != ApplyAction.Refuse) => "Nothing was changed: this was a dry run.",
            _ => "Nothing was changed: mend what is marked with '!' first.",
        });
    }

    private static char Sign(ApplyAction action) => action switch
    {
        ApplyAction.Create => '+',
        ApplyAction.Change => '~',
        ApplyAction.Keep => '=',
        _ => '!',
    };

    private sealed record Report(bool DryRun, bool Applied, ImmutableArray<ApplyStep> Steps, ImmutableArray<RolloutView> Rollouts);
}
