using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Core.Guards.Remote;

/// <summary>How questions and answers are written in each protocol.</summary>
public static class GuardExchange
{
    /// <summary>The body that is posted.</summary>
    public static string BodyOf(RemoteQuestion question) => (GuardOf(question).Protocol switch
    {
        GuardProtocol.LlamaGuard => LlamaGuard.Ask(question),
        GuardProtocol.OpenAiModerations => With(question, new JsonObject { ["input"] = question.Text }),
        GuardProtocol.Tei or GuardProtocol.VllmClassify => Classifying.Ask(question),
        GuardProtocol.Chat => Judging.Ask(question),
        _ => new JsonObject { ["text"] = question.Text, ["stage"] = GuardStages.KeyOf(question.Stage), ["before"] = question.Before },
    }).ToJsonString();

    /// <summary>What the guard said. An answer that is not of its protocol is a failure, never a pass.</summary>
    public static RemoteAnswer Read(RemoteQuestion question, string body)
    {
        try
        {
            var answer = JsonNode.Parse(body) ?? throw new FormatException("its answer is empty.");
            var flags = GuardOf(question).Protocol switch
            {
                GuardProtocol.LlamaGuard => LlamaGuard.Read(answer),
                GuardProtocol.OpenAiModerations => Moderations(answer),
                GuardProtocol.Tei => Classifying.ReadTei(answer),
                GuardProtocol.VllmClassify => Classifying.ReadVllm(answer),
                GuardProtocol.Chat => Judging.Read(answer),
                _ => Plain(answer),
            };
            return RemoteAnswer.Of(question, flags.Where(question.Use.Counts).ToList());
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException or KeyNotFoundException)
        {
            return RemoteAnswer.None(question, CheckFailure.Error, "its answer is not of its protocol");
        }
    }

    internal static RemoteGuard GuardOf(RemoteQuestion question) => (RemoteGuard)question.Guard;

    internal static JsonObject With(RemoteQuestion question, JsonObject body)
    {
        if (GuardOf(question).Model is { } model)
        {
            body["model"] = model;
        }

        return body;
    }

    internal static string Content(JsonNode answer) =>
        (string?)answer["choices"]?[0]?["message"]?["content"] ?? throw new FormatException("its answer says nothing.");

    /// <summary>A part that every answer of the protocol has.</summary>
    internal static JsonNode Part(this JsonNode? node, string name) => (node as JsonObject)?[name] ?? throw new FormatException($"'{name}' is missing.");

    private static IEnumerable<RemoteFlag> Moderations(JsonNode answer)
    {
        var results = answer.Part("results").AsArray();
        foreach (var result in results.Count > 0 ? results : throw new FormatException("it judged nothing."))
        {
            foreach (var (category, flagged) in result.Part("categories").AsObject())
            {
                // What the guard itself flags counts, whatever its score.
                yield return new RemoteFlag(category, (bool?)flagged == true ? 1 : (double?)result?["category_scores"]?[category] ?? 0);
            }
        }
    }

    private static IEnumerable<RemoteFlag> Plain(JsonNode answer)
    {
        if (!(bool)answer.Part("flagged"))
        {
            yield break;
        }

        var score = (double?)answer["score"] ?? 1;
        var categories = answer["categories"] as JsonArray ?? ["flagged"];
        foreach (var category in categories)
        {
            yield return new RemoteFlag((string?)category ?? "flagged", score);
        }
    }
}
