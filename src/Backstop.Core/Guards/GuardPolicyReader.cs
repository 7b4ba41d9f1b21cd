using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>Reads a policy document and refuses what could not work.</summary>
internal static class GuardPolicyReader
{
    private const string DegradePrefix = "degrade:";

    private static readonly string[] Actions = ["block", "fix", "reask", "fallback", "refuse", "drop", "observe"];

    public static GuardPolicy Read(string json)
    {
        var root = PolicyNode.Parse(json, "");
        if (root.Text("apiVersion") is { } version && version != GuardPolicy.ApiVersion)
        {
            throw GuardPolicyException.At("apiVersion", $"'{version}' is not known. Write '{GuardPolicy.ApiVersion}'.");
        }

        var streaming = ReadStreaming(root.Node("streaming"));
        var policy = new GuardPolicy(
            root.Text("name") ?? "unnamed",
            ReadStages(root.Node("stages"), streaming),
            streaming,
            root.Text("blocked_response") ?? GuardPolicy.DefaultBlockedResponse)
        {
            Remotes = RemoteGuards.Read(root.Node("remotes")),
            Models = ModelGuards.Read(root.Node("models")),
            MostReasks = root.Integer("reask_max", 0, 2) ?? 1,
        };
        root.Done();
        RefuseStrangers(policy);
        return policy;
    }

    private static ImmutableSortedDictionary<GuardStage, StagePolicy> ReadStages(PolicyNode? node, StreamingPolicy streaming)
    {
        var stages = ImmutableSortedDictionary.CreateBuilder<GuardStage, StagePolicy>();
        if (node is not null)
        {
            foreach (var (key, stage) in GuardStages.ByKey)
            {
                if (node.Node(key) is { } stageNode)
                {
                    stages[stage] = ReadStage(stageNode, stage, streaming);
                }
            }

            node.Done();
        }

        return stages.ToImmutable();
    }

    private static StagePolicy ReadStage(PolicyNode node, GuardStage stage, StreamingPolicy streaming)
    {
        var checks = ImmutableArray.CreateBuilder<CheckUse>();
        foreach (var checkNode in node.Nodes("checks"))
        {
            var check = ReadCheck(checkNode);
            RefuseImpossible(check, stage, streaming, checkNode.Path);
            if (checks.Any(other => other.Id == check.Id))
            {
                throw GuardPolicyException.At(checkNode.Path, $"the id '{check.Id}' is used twice. Give one of them another 'id'.");
            }

            checks.Add(check);
        }

        RefuseBrokenDegrades(checks, node.Path);
        var policy = new StagePolicy(checks.ToImmutable(), node.Integer("budget_ms", 1, 60_000));
        node.Done();
        return policy;
    }

    private static CheckUse ReadCheck(PolicyNode node)
    {
        var use = node.Text("use")
            ?? throw GuardPolicyException.At(node.Path, "needs 'use', the name of a check. Known: " + string.Join(", ", CheckCatalog.Names) + ".");
        if (!CheckCatalog.Names.Contains(use))
        {
            throw PolicyNode.Unknown(node.Path + ".use", use, CheckCatalog.Names);
        }

        var check = new CheckUse(
            use, node.Text("id") ?? use, node.Raw("with"), node.Number("threshold", 0, 1), ReadAction(node.Choice("action", Actions)))
        {
            Mode = node.Choice("mode", "enforce", "shadow", "off") switch
            {
                "shadow" => CheckMode.Shadow,
                "off" => CheckMode.Off,
                _ => CheckMode.Enforce,
            },
            Unfixable = ReadAction(node.Choice("unfixable", "block", "reask", "fallback", "refuse")),
            OnError = ReadOutcome(node, "on_error"),
            OnTimeout = ReadOutcome(node, "on_timeout"),
            OnSaturated = ReadOutcome(node, "on_saturated"),
            OnAuthError = ReadOutcome(node, "on_auth_error"),
            TimeoutMilliseconds = node.Integer("timeout_ms", 1, 60_000),
        };
        node.Done();
        return check;
    }

    private static Disposition ReadAction(string? action) =>
        action is null ? Disposition.Block : Enum.Parse<Disposition>(action, ignoreCase: true);

    private static FailOutcome ReadOutcome(PolicyNode node, string key) => node.Text(key) switch
    {
        null or "block" => FailOutcome.Block,
        "fallback" => new FailOutcome(FailMode.Fallback, null),
        "pass_flagged" => new FailOutcome(FailMode.PassFlagged, null),
        { } word when word.StartsWith(DegradePrefix, StringComparison.Ordinal) =>
            new FailOutcome(FailMode.Degrade, word[DegradePrefix.Length..]),
        { } word => throw PolicyNode.Unknown($"{node.Path}.{key}", word, ["block", "fallback", "pass_flagged", "degrade:<check id>"]),
    };

    private static StreamingPolicy ReadStreaming(PolicyNode? node)
    {
        var streaming = new StreamingPolicy();
        if (node is not null)
        {
            streaming = new StreamingPolicy(
                node.Integer("hold_max", 64, 4096) ?? streaming.HoldMax, node.Integer("window", 120, 4096) ?? streaming.Window);
            node.Done();
        }

        return streaming;
    }

    private static bool Reaches(IReadOnlyCollection<CheckUse> checks, string from, string to, int steps) =>
        from == to || (steps > 0 && checks.First(check => check.Id == from).Outcomes().Any(next => next.DegradeTo is { } id && checks.Any(other => other.Id == id) && Reaches(checks, id, to, steps - 1)));

    private static void RefuseImpossible(CheckUse check, GuardStage stage, StreamingPolicy streaming, string path)
    {
        var descriptor = CheckCatalog.Create(check, streaming, $"{path}.with").Descriptor;
        if (!descriptor.Stages.Contains(stage))
        {
            throw GuardPolicyException.At(
                path, $"'{check.Use}' cannot look at {GuardStages.KeyOf(stage)}. It works on {string.Join(", ", descriptor.Stages.Select(GuardStages.KeyOf))}.");
        }

        if (descriptor.Scope == CheckScope.Span && descriptor.MaxHold > streaming.HoldMax)
        {
            throw GuardPolicyException.At(
                path, $"'{check.Use}' may hold {descriptor.MaxHold} characters. Set streaming.hold_max to at least that.");
        }

        if (check.Action is Disposition.Drop && !descriptor.CanFix && descriptor.Scope != CheckScope.Window)
        {
            throw GuardPolicyException.At(path + ".action", $"'{check.Use}' judges a text as a whole, of which nothing would be left to deliver. Use block, refuse or observe.");
        }

        if (check.Action is Disposition.Fix && !descriptor.CanFix)
        {
            throw GuardPolicyException.At(path + ".action", $"'{check.Use}' judges a text and cannot fix it. Use block, refuse or observe.");
        }

        var reasks = check.Action is Disposition.Reask || (check.Action is Disposition.Fix && check.Unfixable is Disposition.Reask);
        if (reasks && stage != GuardStage.Output)
        {
            throw GuardPolicyException.At(path + ".action", "'reask' asks the model again, which is possible for output only.");
        }

        if (reasks && descriptor.Scope != CheckScope.Whole)
        {
            throw GuardPolicyException.At(
                path + ".action",
                $"'reask' needs an answer of which nothing was sent, but '{check.Use}' lets a stream flow. Use fallback or block.");
        }
    }

    // Whom a check asks must be among those the policy names, a question can be put to a chat model only, and a model has the labels it has.
    private static void RefuseStrangers(GuardPolicy policy)
    {
        foreach (var (stage, stagePolicy) in policy.Stages)
        {
            for (var i = 0; i < stagePolicy.Checks.Length; i++)
            {
                var path = $"stages.{GuardStages.KeyOf(stage)}.checks[{i}].with";
                if (CheckCatalog.Create(stagePolicy.Checks[i], policy.Streaming, path) is not IAsking { Asking: { } asking })
                {
                    continue;
                }

                switch (policy.GuardOf(asking))
                {
                    case null when asking.IsModel:
                        throw PolicyNode.Unknown(path + ".model", asking.Guard, [.. policy.Models.Keys]);
                    case null:
                        throw PolicyNode.Unknown(path + ".guard", asking.Guard, [.. policy.Remotes.Keys]);
                    case RemoteGuard guard when asking.Fits(guard.Protocol) is false:
                        throw GuardPolicyException.At(
                            path + ".guard", $"'{guard.Name}' does not fit: 'judge' asks a guard of protocol chat, 'dialogue' one of openai_embeddings, 'remote' one of any other.");
                    case ModelGuard model when asking.Categories.Concat(asking.Thresholds.Keys).FirstOrDefault(label => !model.Labels.Contains(label, StringComparer.OrdinalIgnoreCase)) is { } label:
                        throw PolicyNode.Unknown(path, label, model.Labels);
                }
            }
        }
    }

    private static void RefuseBrokenDegrades(IReadOnlyCollection<CheckUse> checks, string path)
    {
        foreach (var check in checks)
        {
            foreach (var outcome in check.Outcomes())
            {
                if (outcome.DegradeTo is { } target && (target == check.Id || checks.All(other => other.Id != target)))
                {
                    throw GuardPolicyException.At(
                        path, $"'{check.Id}' degrades to '{target}', which is not another check of this stage.");
                }

                if (outcome.DegradeTo is { } first && Reaches(checks, first, check.Id, checks.Count))
                {
                    throw GuardPolicyException.At(path, $"'{check.Id}' degrades to '{first}', which degrades to '{check.Id}' again: if both fail, nobody answers.");
                }
            }
        }
    }
}
