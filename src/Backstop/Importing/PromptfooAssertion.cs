using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Backstop.Client;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>Assertions of promptfoo that mean the same here, as checks of a case.</summary>
internal static class PromptfooAssertion
{
    // Labels, and what counts only beside a threshold, which is not taken over.
    private static readonly string[] Harmless = ["type", "value", "metric", "weight", "$ref"];

    /// <summary>Adds the checks of all assertions to a case.</summary>
    /// <param name="fill">Puts the test's variables into a text.</param>
    /// <exception cref="FormatException">One means something that no check does.</exception>
    public static void AddTo(JsonObject asked, IReadOnlyList<YamlNode> assertions, YamlMappingNode config, Func<string, string> fill)
    {
        var checks = new JsonArray();
        foreach (var written in assertions)
        {
            var assertion = written.At("$ref").Text() is { } path && path.StartsWith("#/", StringComparison.Ordinal)
                ? config.At(path[2..].Split('/')) ?? throw PromptfooTests.At(written, $"there is no '{path}'.")
                : written;
            if (assertion is not YamlMappingNode mapping)
            {
                throw PromptfooTests.At(written, "an assertion is a mapping.");
            }

            if (mapping.Children.Keys.Select(k => k.Text()).FirstOrDefault(key => !Harmless.Contains(key)) is { } more)
            {
                throw PromptfooTests.At(written, $"'{more}' of an assertion has no counterpart.");
            }

            if (assertion.At("weight").Text() is "0")
            {
                throw PromptfooTests.At(written, "an assertion of weight 0 only measures.");
            }

            checks.Add(Check(asked, written, assertion.At("type").Text() ?? "", assertion.At("value"), fill));
        }

        asked["checks"] = checks.Count > 0 ? checks : throw new FormatException("it asserts nothing.");
    }

    private static JsonObject Check(JsonObject asked, YamlNode written, string type, YamlNode? value, Func<string, string> fill)
    {
        var negated = type.StartsWith("not-", StringComparison.Ordinal);
        var kind = negated ? type[4..] : type;
        if (kind == "is-json" && !negated)
        {
            return new() { ["use"] = "json_schema", ["schema"] = value is null ? new JsonObject() : value is YamlMappingNode ? YamlManifest.Json(value) : throw PromptfooTests.At(written, "a schema in a file is not read.") };
        }

        if (kind == "equals" && !negated && asked["expected"] is null && value is YamlScalarNode)
        {
            asked["expected"] = One();
            return new() { ["use"] = "exact" };
        }

        var pattern = kind switch
        {
            "equals" => $@"\A\s*{Regex.Escape(One().Trim())}\s*\z",
            "starts-with" => $@"\A{Regex.Escape(One())}",
            "contains" => Regex.Escape(One()),
            "icontains" => $"(?i){Regex.Escape(One())}",
            "contains-any" => Any(),
            "icontains-any" => $"(?i){Any()}",
            "contains-all" => All(),
            "icontains-all" => $"(?i){All()}",
            "regex" => One(),
            _ => throw PromptfooTests.At(written, $"the assertion '{type}' has no counterpart; known: equals, starts-with, contains and icontains, both with -any and -all, regex, all of these with not-, and is-json."),
        };
        return new() { ["use"] = "regex", ["pattern"] = negated ? $@"\A(?![\s\S]*?(?:{pattern}))" : pattern };

        string One() => Several() is [var single] ? single : throw PromptfooTests.At(written, $"'{type}' needs one value.");

        string Any() => $"(?:{string.Join('|', Several().Select(Regex.Escape))})";

        string All() => $@"\A{string.Concat(Several().Select(piece => $@"(?=[\s\S]*{Regex.Escape(piece)})"))}";

        // promptfoo splits one text at its commas where several are meant.
        List<string> Several()
        {
            var texts = value is YamlSequenceNode list ? list.Children.Select(v => v.Text()).ToList()
                : kind.EndsWith("-any", StringComparison.Ordinal) || kind.EndsWith("-all", StringComparison.Ordinal) ? [.. value.Text()?.Split(',').Select(t => t.Trim()) ?? []]
                : [value.Text()];
            return texts.Count > 0 && texts.All(t => t is not null && !t.StartsWith("file://", StringComparison.Ordinal))
                ? texts.ConvertAll(t => fill(t!))
                : throw PromptfooTests.At(written, $"the value of '{type}' is not a text.");
        }
    }
}
