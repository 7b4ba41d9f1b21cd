using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>Something in a policy that works but is likely not what was meant.</summary>
/// <param name="Path">Where in the document.</param>
public sealed record PolicyAdvice(string Path, string Message);

/// <summary>Reads a policy that is valid with the eyes of somebody who has to live with it.</summary>
public static class PolicyLint
{
    public static ImmutableArray<PolicyAdvice> Of(GuardPolicy policy)
    {
        var advice = ImmutableArray.CreateBuilder<PolicyAdvice>();
        foreach (var (stage, stagePolicy) in policy.Stages)
        {
            var path = $"stages.{GuardStages.KeyOf(stage)}";
            for (var i = 0; i < stagePolicy.Checks.Length; i++)
            {
                var use = stagePolicy.Checks[i];
                foreach (var message in Of(use, stage, stagePolicy, CheckCatalog.Create(use, policy.Streaming, path).Descriptor))
                {
                    advice.Add(new PolicyAdvice($"{path}.checks[{i}]", message));
                }
            }
        }

        foreach (var missing in new[] { GuardStage.Input, GuardStage.Output }.Where(stage => policy.ChecksOf(stage).IsEmpty))
        {
            advice.Add(new PolicyAdvice("stages", $"nothing looks at {GuardStages.KeyOf(missing)}."));
        }

        return advice.ToImmutable();
    }

    private static IEnumerable<string> Of(CheckUse use, GuardStage stage, StagePolicy all, CheckDescriptor check)
    {
        if (use.Mode == CheckMode.Off && !all.Checks.Any(other => other.Outcomes().Any(outcome => outcome.DegradeTo == use.Id)))
        {
            yield return $"'{use.Id}' is off and no other check degrades to it, so it never runs.";
        }

        if (use.Mode == CheckMode.Enforce && check.Scope == CheckScope.Whole && use.Action != Disposition.Observe && stage == GuardStage.Output)
        {
            yield return $"'{use.Id}' must see the whole answer, so users of a stream wait for its end.";
        }

        if (use.Action == Disposition.Block && check.CanFix && stage == GuardStage.Output && use.Mode == CheckMode.Enforce)
        {
            yield return $"'{use.Id}' could fix what it finds ('action: fix') and stops the whole answer instead.";
        }

        if (stage == GuardStage.ToolArguments && use.Action is Disposition.Fix or Disposition.Drop && use.Use != Checks.JsonSchemaCheck.Name
            && !all.Checks.Any(other => other.Use == Checks.JsonSchemaCheck.Name && other.Mode == CheckMode.Enforce))
        {
            yield return $"'{use.Id}' changes arguments of tools, and nothing looks whether they still fit. Add 'json_schema' or use block.";
        }

        if (use.Threshold is { } threshold && threshold < 0.2)
        {
            yield return $"'{use.Id}' flags from a score of {threshold}: that is most texts. Measure it with 'backstop guard eval'.";
        }

        if (use.Threshold is not null && check.Name is not ("toxicity" or "injection" or "dialogue") && !check.Asks)
        {
            yield return $"'{use.Id}' gives no scores, so 'threshold' changes nothing.";
        }

        if (check.Asks && stage is GuardStage.Input or GuardStage.Output && use.Mode == CheckMode.Enforce && all.BudgetMilliseconds is null && use.TimeoutMilliseconds is null)
        {
            yield return $"'{use.Id}' may take a second: set 'timeout_ms', or 'budget_ms' for the stage.";
        }

        if (!check.Asks && (use.OnSaturated != FailOutcome.Block || use.OnAuthError != FailOutcome.Block))
        {
            yield return $"'{use.Id}' runs inside the gateway and asks nobody: it cannot be saturated or be refused.";
        }

        if (!check.Asks && use.OnTimeout != FailOutcome.Block && use.TimeoutMilliseconds is null && all.BudgetMilliseconds is null)
        {
            yield return $"'{use.Id}' has no limit of time, so 'on_timeout' never happens: set 'timeout_ms', or 'budget_ms' for the stage.";
        }
    }
}
