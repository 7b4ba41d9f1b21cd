using System.Text.Json.Nodes;
using Backstop.Emulation;

namespace Backstop.Demo;

/// <summary>The two releases of the demo, as anybody would register them.</summary>
internal static class DemoManifest
{
    /// <summary>Below the calibrated threshold: answers to sums and dates have no reason to sound like abuse at all.</summary>
    private const double Strict = 0.2;

    /// <summary>A release whose model is called <paramref name="name"/> and answers at <paramref name="replica"/>.</summary>
    public static JsonObject Of(string name, Uri replica) => new()
    {
        ["model"] = new JsonObject { ["name"] = "assistant", ["version"] = name },
        ["prompt"] = new JsonObject
        {
            ["system"] = Questions.SystemPrompt,
            ["version"] = "1",
        },
        ["guard_policy"] = new JsonObject
        {
            ["name"] = "assistant",
            ["stages"] = new JsonObject
            {
                ["input"] = Checks(Check("injection", "block")),
                ["output"] = Checks(Check("json_schema", "block", JsonNode.Parse($$"""{ "schema": {{Questions.AnswerSchema}} }""")), Check("toxicity", "block", threshold: Strict), Check("pii", "fix")),
            },
        },
        ["serving"] = new JsonObject
        {
            ["protocol"] = "openai",
            ["model"] = name,
            ["replicas"] = new JsonArray(replica.GetLeftPart(UriPartial.Authority)),
        },
    };

    private static JsonObject Checks(params JsonNode[] checks) => new() { ["checks"] = new JsonArray(checks) };

    private static JsonObject Check(string use, string action, JsonNode? settings = null, double? threshold = null)
    {
        var check = new JsonObject { ["use"] = use, ["action"] = action };
        if (settings is not null)
        {
            check["with"] = settings;
        }

        if (threshold is not null)
        {
            check["threshold"] = threshold;
        }

        return check;
    }
}
