using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>Checks that stand for a while beside those of whichever release answers.</summary>
/// <remarks>
/// Each is a use of its own, and of uses that differ the strictest decides: so nothing in it can loosen a policy, whatever policy it
/// meets, and no release is refused because of it. A route that it is part of must never be one that a gateway cannot take.
/// </remarks>
public sealed class Tightening
{
    private readonly ImmutableArray<GuardPolicy> _parts;

    private Tightening(ImmutableArray<GuardPolicy> parts) => _parts = parts;

    /// <summary>Reads <c>tighten</c>, a list of <c>{"stages": …}</c> as in a policy; null where there is none.</summary>
    /// <exception cref="GuardPolicyException">One of them is not of the form, or depends on what only a release can hold.</exception>
    public static Tightening? Read(PolicyNode root)
    {
        ImmutableArray<GuardPolicy> parts = [.. root.Nodes("tighten").Select(Part)];
        return parts.IsEmpty ? null : new(parts);
    }

    /// <summary>A policy with these checks beside its own.</summary>
    public GuardPolicy Over(GuardPolicy policy) => _parts.Aggregate(policy, Over);

    /// <summary>Whether a policy stops anything more with it: the same check at the same threshold stops what it stopped before.</summary>
    public bool AddsTo(GuardPolicy policy) => _parts.Any(part => part.Stages.Any(stage =>
        stage.Value.Checks.Any(use => !(policy.Stages.GetValueOrDefault(stage.Key) ?? Ring.Unnamed(policy, stage.Key)).Checks.Any(own => Covers(own, use)))));

    /// <summary>What is added, for people: <c>output: toxicity (block from 0.3)</c>.</summary>
    public IEnumerable<string> InWords() => _parts.SelectMany(part => part.Stages.Select(stage => $"{GuardStages.KeyOf(stage.Key)}: {string.Join(", ", stage.Value.Checks.Select(Words))}"));

    private static GuardPolicy Part(PolicyNode node)
    {
        var part = GuardPolicy.Parse($$"""{"name":"tightening","stages":{{node.Raw("stages") ?? "{}"}}}""");
        node.Done();
        if (part.Stages.Values.All(stage => stage.Checks.IsEmpty))
        {
            throw GuardPolicyException.At(node.Path, "adds no check. Write the stages as in a guard policy.");
        }

        foreach (var (stage, added) in part.Stages)
        {
            var path = $"stages.{GuardStages.KeyOf(stage)}";
            if (added.BudgetMilliseconds is not null)
            {
                throw GuardPolicyException.At(path + ".budget_ms", "is the release's to say: it would hold for the release's own checks too.");
            }

            if (added.Checks.FirstOrDefault(use => use.Mode != CheckMode.Enforce) is { } idle)
            {
                throw GuardPolicyException.At($"{path}.{idle.Id}.mode", "must be 'enforce': what only takes notes tightens nothing.");
            }

            if (added.Checks.FirstOrDefault(use => use.Outcomes().Any(outcome => outcome.Mode == FailMode.Degrade)) is { } leaning)
            {
                throw GuardPolicyException.At($"{path}.{leaning.Id}", "cannot degrade to a check that the release may not have. Use block, fallback or pass_flagged.");
            }
        }

        return part;
    }

    private static GuardPolicy Over(GuardPolicy policy, GuardPolicy part)
    {
        var stages = policy.Stages;
        foreach (var (stage, added) in part.Stages)
        {
            var own = stages.GetValueOrDefault(stage) ?? Ring.Unnamed(policy with { Stages = stages }, stage);
            stages = stages.SetItem(stage, own with { Checks = added.Checks.Aggregate(own.Checks, Beside) });
        }

        return policy with { Stages = stages, Streaming = policy.Streaming with { HoldMax = Math.Max(policy.Streaming.HoldMax, part.Streaming.HoldMax) } };
    }

    private static ImmutableArray<CheckUse> Beside(ImmutableArray<CheckUse> checks, CheckUse use)
    {
        var same = checks.FirstOrDefault(own => own.Id == use.Id && own.Use == use.Use);
        return checks.Add(use with { Id = Free(checks, use.Id), Settings = use.Settings ?? same?.Settings });
    }

    private static bool Covers(CheckUse own, CheckUse use) =>
        own.Use == use.Use && own.Mode == CheckMode.Enforce && own.Action >= use.Action && own.Threshold == use.Threshold
        && (use.Settings is null || own.Settings == use.Settings);

    private static string Free(ImmutableArray<CheckUse> checks, string id)
    {
        var free = id;
        for (var number = 2; checks.Any(own => own.Id == free); number++)
        {
            free = $"{id}-{number}";
        }

        return free;
    }

    private static string Words(CheckUse use) => FormattableString.Invariant(
        $"{use.Id} ({use.Action.ToString().ToLowerInvariant()}{(use.Threshold is { } threshold ? $" from {threshold:0.###}" : "")})");
}
