using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>The tests of a promptfoo configuration. The first prompt is asked with the variables of each test.</summary>
/// <remarks>A test is taken over whole or not at all: one that lost an assertion would pass where it should not.</remarks>
internal static class PromptfooTests
{
    private const int MostCombinations = 1000;

    // What these say does not change whether an answer is right.
    private static readonly string[] Harmless = ["description", "vars", "assert", "metadata", "options"];

    /// <param name="config">The configuration.</param>
    /// <param name="file">Reads a file beside it; null when there is none of this name.</param>
    public static ImportedSuite Read(YamlMappingNode config, Func<string, string?> file)
    {
        var suite = new ImportedSuite();
        var prompts = Prompts(config.At("prompts"), file, suite);
        if (prompts is [var prompt, ..])
        {
            foreach (var other in prompts.Skip(1))
            {
                suite.Leave(config.At("prompts")!.Start.Line, $"prompt '{Short(other)}'", "a suite asks one prompt: the first.");
            }

            foreach (var test in config.At("tests").Items())
            {
                Add(suite, config, prompt, test);
            }

            if (config.At("tests") is not YamlSequenceNode)
            {
                suite.Leave(config.At("tests")?.Start.Line ?? 1, "tests", "only a list of tests inside the file is read.");
            }
        }

        return suite;
    }

    private static void Add(ImportedSuite suite, YamlMappingNode config, string prompt, YamlNode test)
    {
        var name = test.At("description").Text() ?? $"test at line {test.Start.Line}";
        try
        {
            if (test is not YamlMappingNode mapping)
            {
                throw new FormatException("only tests inside the file are read.");
            }

            if (mapping.Children.Keys.Select(k => k.Text()).FirstOrDefault(key => !Harmless.Contains(key)) is { } unknown)
            {
                throw new FormatException($"'{unknown}' has no counterpart.");
            }

            if ((test.At("options", "transform") ?? config.At("defaultTest", "options", "transform")) is not null)
            {
                throw new FormatException("answers are judged as they are, without a transform.");
            }

            var assertions = config.At("defaultTest", "assert").Items().Concat(test.At("assert").Items()).ToList();
            foreach (var vars in Combinations(config.At("defaultTest", "vars"), test.At("vars")))
            {
                var asked = Asked(Filled(prompt, vars));
                PromptfooAssertion.AddTo(asked, assertions, config, text => Filled(text, vars));
                suite.Add(name, asked);
            }
        }
        catch (FormatException e)
        {
            var at = e.Data["line"] is long line ? line : test.Start.Line;
            suite.Leave(at, name, e.Message);
        }
    }

    private static List<string> Prompts(YamlNode? prompts, Func<string, string?> file, ImportedSuite suite)
    {
        var texts = new List<string>();
        foreach (var prompt in prompts is YamlScalarNode single ? [single] : prompts.Items())
        {
            var text = prompt.Text() ?? prompt.At("raw").Text();
            if (text?.StartsWith("file://", StringComparison.Ordinal) == true)
            {
                var name = text["file://".Length..];
                text = Path.GetExtension(name) is ".txt" or ".json" or ".md" ? file(name) : null;

                // promptfoo separates several prompts of one text file so.
                texts.AddRange(text?.Split("\n---\n").Select(t => t.Trim()) ?? []);
            }
            else if (text is not null)
            {
                texts.Add(text);
            }

            if (text is null)
            {
                suite.Leave(prompt.Start.Line, "prompt", "only texts, and files of text that are there, are read.");
            }
        }

        if (texts.Count == 0)
        {
            suite.Leave(prompts?.Start.Line ?? 1, "prompts", "none is a text, so nothing can be asked.");
        }

        return texts;
    }

    // A variable that is a list stands for a test with each of its values.
    private static IEnumerable<Dictionary<string, string>> Combinations(params YamlNode?[] sources)
    {
        IEnumerable<Dictionary<string, string>> all = [new(StringComparer.Ordinal)];
        foreach (var (key, value) in sources.OfType<YamlMappingNode>().SelectMany(source => source.Children).GroupBy(v => v.Key.Text()!).Select(same => (same.Key, same.Last().Value)))
        {
            var values = (value is YamlSequenceNode list ? list.Children : [value]).Select(v => v.Text() is { } text && !text.StartsWith("file://", StringComparison.Ordinal)
                ? text
                : throw At(v, $"the variable '{key}' is not a text.")).ToList();
            all = all.SelectMany(one => values.Select(v => new Dictionary<string, string>(one, StringComparer.Ordinal) { [key] = v }));
        }

        var combinations = all.Take(MostCombinations + 1).ToList();
        return combinations.Count <= MostCombinations ? combinations : throw new FormatException($"its variables make more than {MostCombinations} cases.");
    }

    private static string Filled(string text, Dictionary<string, string> vars)
    {
        foreach (var (name, value) in vars)
        {
            text = Regex.Replace(text, $$"""\{\{-?\s*{{Regex.Escape(name)}}\s*-?\}\}""", _ => value, RegexOptions.None, TimeSpan.FromSeconds(1));
        }

        return text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal)
            ? throw new FormatException("a template asks for more than the variables that the test gives.")
            : text;
    }

    // A prompt that is a JSON list of messages is a conversation.
    private static JsonObject Asked(string prompt)
    {
        if (prompt.TrimStart().StartsWith('['))
        {
            try
            {
                return new() { ["messages"] = JsonNode.Parse(prompt) };
            }
            catch (JsonException)
            {
                // It only looks like one.
            }
        }

        return new() { ["prompt"] = prompt };
    }

    private static string Short(string text) => text.Length > 40 ? text[..40].ReplaceLineEndings(" ") + "…" : text.ReplaceLineEndings(" ");

    /// <summary>Why something cannot be taken over, and where it stands.</summary>
    internal static FormatException At(YamlNode node, string why) => new(why) { Data = { ["line"] = node.Start.Line } };
}
