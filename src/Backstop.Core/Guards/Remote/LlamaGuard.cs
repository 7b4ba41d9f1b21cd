using System.Globalization;
using System.Text.Json.Nodes;

namespace Backstop.Core.Guards.Remote;

/// <summary>Llama Guard 3 and 4 behind a chat API, whose template makes the prompt.</summary>
/// <remarks>
/// Everything but exactly <c>safe</c>, or <c>unsafe</c> with codes of its taxonomy (S1 to S14), is no answer: a parser that
/// takes any text that begins with "safe" for a pass can be talked to.
/// </remarks>
internal static class LlamaGuard
{
    private const int Codes = 14;

    public static JsonObject Ask(RemoteQuestion question)
    {
        // An answer is judged as the agent's turn; a request must stand alone.
        var isAnswer = question.Stage is GuardStage.Output or GuardStage.Reasoning or GuardStage.ToolArguments;
        JsonArray messages = isAnswer ? [Said("user", question.Before), Said("assistant", question.Text)] : [Said("user", question.Text)];
        return GuardExchange.With(question, new JsonObject { ["messages"] = messages, ["temperature"] = 0, ["max_tokens"] = 20, ["logprobs"] = true });
    }

    public static IEnumerable<RemoteFlag> Read(JsonNode answer)
    {
        var lines = GuardExchange.Content(answer).Trim().ToLowerInvariant().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lines is ["safe"])
        {
            return [];
        }

        if (lines is not ["unsafe", ..] || lines.Length > 2)
        {
            throw new FormatException("it said neither safe nor unsafe.");
        }

        var codes = lines.Length == 1 ? [] : lines[1].Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (codes.Any(code => !IsCode(code)))
        {
            throw new FormatException("it named a category that it does not have.");
        }

        var score = ScoreOf(answer);
        return codes.Length == 0 ? [new RemoteFlag("unsafe", score)] : codes.Select(code => new RemoteFlag(code.ToUpperInvariant(), score));
    }

    private static JsonObject Said(string role, string text) => new() { ["role"] = role, ["content"] = text };

    private static bool IsCode(string code) =>
        code[0] == 's' && int.TryParse(code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= Codes;

    /// <summary>The probability of "unsafe" as the first word; 1 where the server gives none.</summary>
    private static double ScoreOf(JsonNode answer)
    {
        foreach (var token in answer["choices"]?[0]?["logprobs"]?["content"] as JsonArray ?? [])
        {
            if (!string.IsNullOrWhiteSpace((string?)token?["token"]))
            {
                return Math.Exp((double)token.Part("logprob"));
            }
        }

        return 1;
    }
}
