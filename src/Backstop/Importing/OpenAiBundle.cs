using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>The configuration bundle of OpenAI Guardrails: stages with named guardrails and their settings.</summary>
internal static class OpenAiBundle
{
    private static readonly Dictionary<string, string> Stages = new(StringComparer.Ordinal) { ["pre_flight"] = "input", ["input"] = "input", ["output"] = "output" };

    public static ImportedPolicy Read(YamlMappingNode bundle)
    {
        var policy = new ImportedPolicy("openai-guardrails");
        foreach (var (key, value) in bundle.Children)
        {
            if (key.Text() is "version")
            {
                continue;
            }

            if (Stages.TryGetValue(key.Text()!, out var stage))
            {
                foreach (var guardrail in value.At("guardrails").Items())
                {
                    Add(policy, stage, guardrail);
                }
            }
            else
            {
                policy.Leave(key.Start.Line, key.Text()!, "is not a stage of a bundle.");
            }
        }

        return policy;
    }

    private static void Add(ImportedPolicy policy, string stage, YamlNode guardrail)
    {
        var (name, config, line) = (guardrail.At("name").Text() ?? "", guardrail.At("config"), guardrail.Start.Line);
        switch (name)
        {
            case "Moderation":
                policy.Add(stage, "toxicity", "block", null, line);
                policy.Leave(line, "Moderation", "abuse, threats and hate are looked for; its other categories are not.");
                break;
            case "Jailbreak":
                policy.Add(stage, "injection", "block", null, line);
                break;
            case "Contains PII":
                if (PiiEntities.With(config.At("entities"), policy) is { } with)
                {
                    policy.Add(stage, "pii", config.At("block").Text() == "true" ? "block" : "fix", with, line);
                }

                break;
            case "Secret Keys":
                policy.Add(stage, "secrets", "block", null, line);
                break;
            case "URL Filter":
                policy.Add(stage, "exfil_url", "block", new JsonObject { ["allow"] = config.At("url_allow_list").Texts(), ["links"] = "all" }, line);
                break;
            case "Keyword Filter":
                policy.Add(stage, "pattern", "block", new JsonObject { ["words"] = config.At("keywords").Texts() }, line);
                break;
            default:
                policy.Leave(line, name, "asks a language model, and no check here does.");
                break;
        }
    }
}
