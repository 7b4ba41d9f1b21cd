using System.Globalization;
using System.Text.Json.Nodes;

namespace Backstop.Core.Gates;

/// <summary>Turns the tests of a promptfoo configuration into lines of cases.</summary>
/// <remarks>
/// The first prompt is asked with each test's variables. Assertions that mean the same here are taken over; any other one is
/// an error and not left out: a case that lost its check would pass.
/// </remarks>
public static class PromptfooCases
{
    /// <param name="config">The configuration, as JSON.</param>
    /// <exception cref="FormatException">The message says which test and what of it cannot be taken over.</exception>
    public static IReadOnlyList<string> Lines(JsonObject config)
    {
        if (config["prompts"] is not JsonArray { Count: > 0 } prompts || prompts[0] is not JsonValue first || !first.TryGetValue<string>(out var prompt) || prompt.StartsWith("file://", StringComparison.Ordinal))
        {
            throw new FormatException("promptfoo: 'prompts' must begin with a prompt as text.");
        }

        if (config["tests"] is not JsonArray { Count: > 0 } tests)
        {
            throw new FormatException("promptfoo: 'tests' must be a list of tests.");
        }

        var common = (config["defaultTest"] as JsonObject)?["assert"] as JsonArray ?? [];
        return [.. tests.Select((test, i) => Line(test as JsonObject ?? throw Wrong(i, "a test is a mapping"), i, prompt, common))];
    }

    private static string Line(JsonObject test, int number, string prompt, JsonArray common)
    {
        var asked = prompt;
        foreach (var (name, value) in test["vars"] as JsonObject ?? [])
        {
            var text = value is JsonValue single ? single.ToString() : throw Wrong(number, $"the variable '{name}' is not one value");
            asked = asked.Replace($"{{{{{name}}}}}", text, StringComparison.Ordinal).Replace($"{{{{ {name} }}}}", text, StringComparison.Ordinal);
        }

        if (asked.Contains("{{", StringComparison.Ordinal))
        {
            throw Wrong(number, "the prompt has a variable that the test does not give");
        }

        var line = new JsonObject { ["id"] = (test["description"] is { } told ? $"{told} " : "") + $"#{(number + 1).ToString(CultureInfo.InvariantCulture)}", ["prompt"] = asked };
        var checks = new JsonArray();
        foreach (var assertion in common.Concat(test["assert"] as JsonArray ?? []))
        {
            checks.Add(Check(assertion as JsonObject ?? throw Wrong(number, "an assertion is a mapping"), number, line));
        }

        line["checks"] = checks.Count > 0 ? checks : throw Wrong(number, "the test asserts nothing");
        return line.ToJsonString();
    }

    private static JsonObject Check(JsonObject assertion, int number, JsonObject line)
    {
        var (type, value) = ((string?)assertion["type"], assertion["value"]);
        switch (type)
        {
            case "equals":
                line["expected"] = value?.DeepClone();
                return new() { ["use"] = "exact" };
            case "icontains" or "icontains-all":
                return new() { ["use"] = "contains", ["all"] = List(value) };
            case "not-icontains":
                return new() { ["use"] = "contains", ["none"] = List(value) };
            case "contains" or "contains-all":
                return new() { ["use"] = "regex", ["pattern"] = string.Concat(List(value).Select(piece => $"(?=[\\s\\S]*{System.Text.RegularExpressions.Regex.Escape((string)piece!)})")) };
            case "not-contains":
                return new() { ["use"] = "regex", ["pattern"] = $"^(?![\\s\\S]*{System.Text.RegularExpressions.Regex.Escape(value?.ToString() ?? "")})" };
            case "regex":
                return new() { ["use"] = "regex", ["pattern"] = value?.DeepClone() };
            case "is-json":
                return new() { ["use"] = "json_schema", ["schema"] = value is JsonObject schema ? schema.DeepClone() : new JsonObject() };
            default:
                throw Wrong(number, $"the assertion '{type}' has no counterpart here; known: equals, contains, contains-all, icontains, icontains-all, not-contains, not-icontains, regex, is-json");
        }
    }

    private static JsonArray List(JsonNode? value) => value is JsonArray many ? (JsonArray)many.DeepClone() : [value?.ToString() ?? ""];

    private static FormatException Wrong(int number, string why) => new($"promptfoo: test {(number + 1).ToString(CultureInfo.InvariantCulture)}: {why}.");
}
