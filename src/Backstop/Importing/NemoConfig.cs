using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Core.Text;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>The <c>config.yml</c> of NeMo Guardrails: flows by name, and the settings they read.</summary>
internal static class NemoConfig
{
    private static readonly string[] Keys =
    [
        "models", "instructions", "docs", "sample_conversation", "prompts", "rails", "enable_multi_step_generation", "lowest_temperature", "core", "knowledge_base",
        "custom_data", "streaming", "colang_version", "enable_rails_exceptions", "passthrough", "tracing", "actions_server_url", "import_paths", "event_source_uid", "raw_llm_call_action",
    ];

    private static readonly Dictionary<string, string> Stages = new(StringComparer.Ordinal)
    {
        ["input"] = "input", ["output"] = "output", ["retrieval"] = "retrieval", ["tool_input"] = "tool_args", ["tool_output"] = "tool_result",
    };

    public static ImportedPolicy Read(YamlMappingNode config)
    {
        var policy = new ImportedPolicy("nemo-guardrails");
        foreach (var (key, value) in config.Children)
        {
            var name = key.Text()!;
            if (!Keys.Contains(name))
            {
                throw new FormatException($"line {key.Start.Line}: '{name}' is not known.{Suggestion.For(name, Keys)}");
            }

            if (name == "rails")
            {
                Rails(policy, value);
            }
            else
            {
                policy.Leave(key.Start.Line, name, name is "models" or "instructions" ? "belongs into a release: its model and prompt." : "has no counterpart in a guard policy.");
            }
        }

        return policy;
    }

    private static void Rails(ImportedPolicy policy, YamlNode rails)
    {
        foreach (var (key, value) in (rails as YamlMappingNode ?? []).Children)
        {
            if (key.Text() == "config")
            {
                continue; // Read by the flows that use it.
            }

            if (!Stages.TryGetValue(key.Text()!, out var stage))
            {
                policy.Leave(key.Start.Line, $"rails.{key.Text()}", "dialogues are not steered here.");
                continue;
            }

            foreach (var flow in value.At("flows").Items())
            {
                Flow(policy, stage, key.Text()!, flow, rails.At("config"));
            }

            if (value.At("streaming") is { } streaming)
            {
                policy.Leave(streaming.Start.Line, $"rails.{key.Text()}.streaming", "checks stream by themselves, with what they must hold back and no more.");
            }
        }
    }

    private static void Flow(ImportedPolicy policy, string stage, string rail, YamlNode flow, YamlNode? config)
    {
        var (name, line) = (flow.Text() ?? "", flow.Start.Line);
        switch (name.Split(" $")[0])
        {
            case "jailbreak detection heuristics" or "jailbreak detection model":
                policy.Add(stage, "injection", "block", null, line);
                break;
            case "mask sensitive data on input" or "mask sensitive data on output" or "mask sensitive data on retrieval":
                Pii(policy, stage, "fix", config.At("sensitive_data_detection", rail, "entities"), line);
                break;
            case "detect sensitive data on input" or "detect sensitive data on output" or "detect sensitive data on retrieval":
                Pii(policy, stage, "block", config.At("sensitive_data_detection", rail, "entities"), line);
                break;
            case "regex check input" or "regex check output" or "regex check retrieval":
                Patterns(policy, stage, config.At("regex_detection", rail), line);
                break;
            default:
                policy.Leave(line, name, "asks a language model or a service, or is written in Colang; no check here does.");
                break;
        }
    }

    private static void Pii(ImportedPolicy policy, string stage, string action, YamlNode? entities, long line)
    {
        if (PiiEntities.With(entities, policy) is { } with)
        {
            policy.Add(stage, "pii", action, with, line);
        }
    }

    private static void Patterns(ImportedPolicy policy, string stage, YamlNode? settings, long line)
    {
        var patterns = new JsonObject();
        foreach (var (pattern, index) in settings.At("patterns").Items().Select((pattern, index) => (pattern, index)))
        {
            patterns[$"pattern_{index + 1}"] = pattern.Text();
        }

        policy.Add(stage, "pattern", "block", new JsonObject { ["patterns"] = patterns, ["ignore_case"] = settings.At("case_insensitive").Text() == "true" }, line);
    }
}
