using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Backstop.Importing;

/// <summary>Samples of OpenAI evals, a line each: <c>input</c> and <c>ideal</c>. How they are graded stands elsewhere, in the registry of evals.</summary>
internal static class OpenAiEvals
{
    /// <summary>The ways of grading: the answer begins with a right one, has one in it, or says the same words.</summary>
    public static readonly string[] Grades = ["match", "includes", "fuzzy"];

    public static ImportedSuite Read(string text, string grade)
    {
        var suite = new ImportedSuite();
        foreach (var (line, number) in text.Split('\n').Select((line, i) => (line, i + 1)).Where(l => !string.IsNullOrWhiteSpace(l.line)))
        {
            var name = $"sample-{number:000}";
            try
            {
                suite.Add(name, Case(JsonNode.Parse(line) as JsonObject ?? throw new FormatException("a sample is an object."), grade));
            }
            catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
            {
                suite.Leave(number, name, e is FormatException ? e.Message : "it is not the JSON of a sample.");
            }
        }

        return suite;
    }

    private static JsonObject Case(JsonObject sample, string grade)
    {
        var ideals = (sample["ideal"] switch
        {
            JsonArray list => list.ToList(),
            JsonValue one => [one],
            _ => throw new FormatException("it has no 'ideal': a model grades it."),
        }).ConvertAll(ideal => ideal is JsonValue value && value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number ? ideal.ToString() : throw new FormatException("an 'ideal' is not a text."));
        if (ideals.Count == 0 || ideals.Contains(""))
        {
            throw new FormatException("an empty 'ideal' is in every answer.");
        }

        var asked = sample["input"] switch
        {
            JsonArray messages when messages.All(m => m?["content"] is JsonValue content && content.GetValueKind() == JsonValueKind.String) =>
                new JsonObject { ["messages"] = new JsonArray([.. messages.Select(m => new JsonObject { ["role"] = Role(m!), ["content"] = m!["content"]!.DeepClone() })]) },
            JsonValue text when text.GetValueKind() == JsonValueKind.String => new JsonObject { ["prompt"] = text.DeepClone() },
            _ => throw new FormatException("'input' is neither a text nor messages of text."),
        };
        if (grade == "fuzzy")
        {
            asked["expected"] = new JsonArray([.. ideals.Select(i => JsonValue.Create(i))]);
            return asked;
        }

        var pattern = $"{(grade == "match" ? @"\A" : "")}(?:{string.Join('|', ideals.Select(Regex.Escape))})";
        asked["checks"] = new JsonArray(new JsonObject { ["use"] = "regex", ["pattern"] = pattern });
        return asked;
    }

    // Examples of users and assistants are told apart by a name in a message of the system; without it they are instructions.
    private static string Role(JsonNode message) => (string?)message["name"] switch
    {
        "example_user" => "user",
        "example_assistant" => "assistant",
        _ => (string?)message["role"] ?? throw new FormatException("a message has no role."),
    };
}
