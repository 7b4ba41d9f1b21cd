using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>Guardrails AI: a guard as JSON (<c>guard.to_dict()</c>), or the Python lines that name its validators.</summary>
internal static partial class GuardrailsAi
{
    private static readonly Dictionary<string, string> Actions = new(StringComparer.Ordinal)
    {
        ["noop"] = "observe", ["exception"] = "block", ["reask"] = "reask", ["fix"] = "fix", ["filter"] = "drop", ["refrain"] = "refuse", ["fix_reask"] = "fix",
    };

    /// <exception cref="FormatException">Neither a guard nor validators.</exception>
    public static ImportedPolicy Read(string text)
    {
        var policy = new ImportedPolicy("guardrails-ai");
        if (text.TrimStart().StartsWith('{'))
        {
            foreach (var validator in Configuration.Read(text).At("validators").Items())
            {
                var id = validator.At("id").Text() ?? "";
                var on = validator.At("on").Text();
                Add(policy, on is "messages" or "prompt" or "msg_history" ? "input" : "output", Name(id), validator.At("onFail").Text() ?? validator.At("on_fail").Text(), validator.At("kwargs"), validator.Start.Line, id);
            }

            return policy;
        }

        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            // Whatever says what to do on failure is a validator; other calls are none.
            foreach (var call in Call().Matches(lines[i]).Where(call => call.Value.Contains("on_fail", StringComparison.Ordinal)))
            {
                Add(policy, "output", Name(call.Groups["name"].Value), Argument(call.Value, "on_fail")?.Trim('"', '\''), Arguments(call.Groups["arguments"].Value), i + 1, call.Groups["name"].Value);
            }
        }

        return policy.Policy["stages"]!.AsObject().Count == 0 && policy.Left.Count == 0 ? throw new FormatException("names no validator.") : policy;
    }

    private static void Add(ImportedPolicy policy, string stage, string name, string? onFail, YamlNode? settings, long line, string written)
    {
        if (!Actions.TryGetValue(onFail?.ToLowerInvariant() ?? "exception", out var action))
        {
            policy.Leave(line, $"{written}: {onFail}", "what a function of yours does cannot be told from a name. It blocks instead.");
            action = "block";
        }

        var unfixable = onFail == "fix_reask" ? "reask" : null;
        switch (name)
        {
            case "toxiclanguage" or "profanityfree":
                policy.Add(stage, "toxicity", action, null, line);
                break;
            case "detectpii" or "guardrailspii":
                if (PiiEntities.With(settings.At("pii_entities") ?? settings.At("entities") ?? settings.At("0"), policy, line) is { } with)
                {
                    policy.Add(stage, "pii", action, with, line, unfixable);
                }

                break;
            case "validjson":
                policy.Add(stage, "json_schema", action, null, line, unfixable);
                break;
            case "secretspresent":
                policy.Add(stage, "secrets", action, null, line, unfixable);
                break;
            case "detectjailbreak" or "detectpromptinjection" or "unusualprompt":
                policy.Add(stage, "injection", action, null, line);
                break;
            case "competitorcheck" or "banlist":
                policy.Add(stage, "pattern", action, new JsonObject { ["words"] = (settings.At("competitors") ?? settings.At("banned_words") ?? settings.At("0")).Texts() }, line, unfixable);
                break;
            default:
                policy.Leave(line, written, "has no counterpart here.");
                break;
        }
    }

    // "guardrails/detect_pii" and "DetectPII" are one.
    private static string Name(string id) => id[(id.LastIndexOf('/') + 1)..].Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    // A list of texts, by its name or by place.
    private static YamlMappingNode Arguments(string arguments)
    {
        var settings = new YamlMappingNode();
        foreach (Match list in List().Matches(arguments))
        {
            settings.Children[new YamlScalarNode(list.Groups["name"].Success ? list.Groups["name"].Value : "0")] =
                new YamlSequenceNode(Quoted().Matches(list.Groups["items"].Value).Select(item => new YamlScalarNode(item.Groups["text"].Value)));
        }

        return settings;
    }

    private static string? Argument(string call, string name) => NamedText().Matches(call).FirstOrDefault(match => match.Groups["name"].Value == name)?.Groups["text"].Value;

    [GeneratedRegex(@"\b(?<name>[A-Z][A-Za-z]{3,40})\((?<arguments>[^()]{0,1000})\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Call();

    [GeneratedRegex(@"((?<name>[a-z_]{1,40})=)?\[(?<items>[^\[\]]{0,1000})\]", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex List();

    [GeneratedRegex(@"[""'](?<text>[^""']{0,200})[""']", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?<name>[a-z_]{1,40})=[""'](?<text>[^""']{0,200})[""']", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex NamedText();
}
