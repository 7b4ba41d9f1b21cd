using System.Text.Encodings.Web;
using System.Text.Json;

namespace Backstop.Emulation;

/// <summary>The ways in which models miss the JSON they were asked for. Each result fails to parse or violates the schema.</summary>
internal static class BrokenJson
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private delegate string Breaking(string json, string answer, string explanation, Dice dice);

    /// <summary>Ways that keep both fields readable.</summary>
    private static readonly Breaking[] WholeText =
    [
        (json, _, _, dice) => json + dice.Pick(["\n\nLet me know if you need anything else!", " Hope this helps.", "\n\nNote: I assumed the usual conventions."]),
        (json, _, _, dice) => dice.Pick(["Sure! Here is the JSON you asked for:\n", "Here you go: ", "Answer:\n\n"]) + json,
        (json, _, _, _) => $"```json\n{json}\n```",
        (json, _, _, _) => json[..^1] + ",}",
        (json, _, _, _) => json[..^1],
        (json, _, _, _) => json.Replace("\"answer\":", "answer:", StringComparison.Ordinal).Replace("\"explanation\":", "explanation:", StringComparison.Ordinal),
        (json, _, _, _) => json.Replace("\"answer\": ", "\"answer\" ", StringComparison.Ordinal),
        (json, _, _, _) => json.Replace("\", \"explanation\"", "\" \"explanation\"", StringComparison.Ordinal),
        (json, _, _, _) => json.Replace("\"explanation\":", "// why\n\"explanation\":", StringComparison.Ordinal),
        (json, _, _, _) => json + json,
        (_, a, e, _) => $"{{'answer': '{a}', 'explanation': '{e}'}}",
        (_, a, e, _) => $"{{\"answer\": \"{a}\", \"explanation\": \"As they say \"{e}\" and that is that.\"}}",
        (_, a, e, _) => $"{{\"answer\": \"{a}\",\n\"explanation\": \"{e}\n\"}}",
        (_, a, e, _) => $"The answer is {a}. {e}",
        (_, a, e, _) => $"answer: {a}\nexplanation: {e}",
        (_, a, e, _) => $"<answer>{a}</answer><explanation>{e}</explanation>",
        (_, a, e, _) => $"{{\"result\": {{\"answer\": {Text(a)}, \"explanation\": {Text(e)}}}}}",
        (_, a, e, _) => $"[{{\"answer\": {Text(a)}, \"explanation\": {Text(e)}}}]",
        (_, a, e, _) => $"{{\"answer\": [{Text(a)}], \"explanation\": {Text(e)}}}",
        (_, a, e, _) => $"{{\"Answer\": {Text(a)}, \"Explanation\": {Text(e)}}}",
        (_, a, e, _) => $"{{\"answer\": {Text(a)}, \"explanation\": [{Text(e)}]}}",
        (_, a, e, _) => $"{{\"answer\": {{\"value\": {Text(a)}}}, \"explanation\": {Text(e)}}}",
    ];

    /// <summary>Ways that lose one of the fields or part of it.</summary>
    private static readonly Breaking[] Lossy =
    [
        (json, _, _, dice) => json[..dice.Between(json.Length / 3, json.Length - 2)],
        (_, _, e, _) => $"{{\"explanation\": {Text(e)}}}",
        (_, a, _, _) => $"{{\"answer\": {Text(a)}}}",
        (_, _, e, _) => $"{{\"answer\": null, \"explanation\": {Text(e)}}}",
        (_, a, _, _) => $"{{\"answer\": {Text(a)}, \"explanation\": true}}",
        (_, _, e, dice) => $"{{\"answer\": {dice.Between(0, 999)}, \"explanation\": {Text(e)}}}",
    ];

    /// <summary>The answer in a broken form.</summary>
    /// <param name="answer">The text of the answer field.</param>
    /// <param name="explanation">The text of the explanation field.</param>
    /// <param name="keepText">Nothing may be lost: what else is wrong with the text must reach whoever reads it.</param>
    /// <param name="dice">Chooses the way.</param>
    public static string Break(string answer, string explanation, bool keepText, Dice dice)
    {
        var way = dice.Between(0, WholeText.Length + (keepText ? 0 : Lossy.Length) - 1);
        var breaking = way < WholeText.Length ? WholeText[way] : Lossy[way - WholeText.Length];
        return breaking(Whole(answer, explanation), answer, explanation, dice);
    }

    /// <summary>The answer as it was asked for.</summary>
    public static string Whole(string answer, string explanation) => $"{{\"answer\": {Text(answer)}, \"explanation\": {Text(explanation)}}}";

    private static string Text(string value) => JsonSerializer.Serialize(value, Plain);
}
