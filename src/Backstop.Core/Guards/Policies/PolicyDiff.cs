using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>One place where two policies differ.</summary>
/// <param name="Stricter">True when the second lets less through, false when more, null when it is only different.</param>
public sealed record PolicyChange(string Path, string? Before, string? After, bool? Stricter);

/// <summary>What changes for traffic when one policy takes the place of another.</summary>
public static class PolicyDiff
{
    public static ImmutableArray<PolicyChange> Between(GuardPolicy before, GuardPolicy after)
    {
        var changes = new List<PolicyChange>();
        foreach (var (key, stage) in GuardStages.ByKey)
        {
            Compare($"stages.{key}", before.ChecksOf(stage), after.ChecksOf(stage), changes);
            Add(changes, $"stages.{key}.budget_ms", Budget(before, stage), Budget(after, stage), null);
        }

        foreach (var name in before.Models.Keys.Union(after.Models.Keys, StringComparer.Ordinal))
        {
            Add(changes, $"models.{name}", before.Models.GetValueOrDefault(name)?.Identity, after.Models.GetValueOrDefault(name)?.Identity, null);
        }

        foreach (var name in before.Remotes.Keys.Union(after.Remotes.Keys, StringComparer.Ordinal))
        {
            Add(changes, $"remotes.{name}", before.Remotes.GetValueOrDefault(name)?.ToString(), after.Remotes.GetValueOrDefault(name)?.ToString(), null);
        }

        Add(changes, "streaming.hold_max", before.Streaming.HoldMax.ToString(), after.Streaming.HoldMax.ToString(), null);
        Add(changes, "streaming.window", before.Streaming.Window.ToString(), after.Streaming.Window.ToString(), null);
        Add(changes, "blocked_response", before.BlockedResponse, after.BlockedResponse, null);
        return [.. changes];
    }

    private static string? Budget(GuardPolicy policy, GuardStage stage) => policy.Stages.GetValueOrDefault(stage)?.BudgetMilliseconds?.ToString();

    private static void Compare(string path, ImmutableArray<CheckUse> before, ImmutableArray<CheckUse> after, List<PolicyChange> changes)
    {
        foreach (var id in before.Concat(after).Select(use => use.Id).Distinct(StringComparer.Ordinal))
        {
            var (a, b) = (before.FirstOrDefault(use => use.Id == id), after.FirstOrDefault(use => use.Id == id));
            if (a is null || b is null)
            {
                changes.Add(new PolicyChange($"{path}.{id}", a is null ? null : Told(a), b is null ? null : Told(b), Weighs(b ?? a!) ? a is null : null));
                continue;
            }

            Add(changes, $"{path}.{id}.use", a.Use, b.Use, null);
            Add(changes, $"{path}.{id}.with", a.Settings, b.Settings, null);
            Add(changes, $"{path}.{id}.threshold", a.Threshold?.ToString(), b.Threshold?.ToString(), Lower(a.Threshold, b.Threshold));
            Add(changes, $"{path}.{id}.action", Word(a.Action), Word(b.Action), b.Action > a.Action);
            Add(changes, $"{path}.{id}.mode", Word(a.Mode), Word(b.Mode), b.Mode < a.Mode);
            Add(changes, $"{path}.{id}.unfixable", Word(a.Unfixable), Word(b.Unfixable), b.Unfixable > a.Unfixable);
            foreach (var failure in Enum.GetValues<CheckFailure>())
            {
                var (from, to) = (a.OutcomeOf(failure), b.OutcomeOf(failure));
                Add(changes, $"{path}.{id}.on_{Word(failure)}", Told(from), Told(to), to.Mode < from.Mode);
            }
        }
    }

    // A check that does not decide makes nothing stricter by coming or going.
    private static bool Weighs(CheckUse use) => use.Mode == CheckMode.Enforce && use.Action > Disposition.Observe;

    private static bool? Lower(double? before, double? after) => before is null || after is null ? null : after < before;

    private static void Add(List<PolicyChange> changes, string path, string? before, string? after, bool? stricter)
    {
        if (before != after)
        {
            changes.Add(new PolicyChange(path, before, after, stricter));
        }
    }

    private static string Told(CheckUse use) => $"{use.Use}: {Word(use.Action)}{(use.Mode == CheckMode.Enforce ? "" : $", {Word(use.Mode)}")}";

    private static string Told(FailOutcome outcome) => outcome.DegradeTo is { } target ? $"degrade:{target}" : Word(outcome.Mode);

    private static string Word<T>(T value) where T : struct, Enum => value switch
    {
        FailMode.PassFlagged => "pass_flagged",
        CheckFailure.AuthError => "auth_error",
        _ => value.ToString()!.ToLowerInvariant(),
    };
}
