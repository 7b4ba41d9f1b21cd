using System.Globalization;
using System.Text.Json;

namespace Backstop.Emulation;

/// <summary>A question with one right answer, so that whoever asked can tell right from wrong.</summary>
/// <param name="Text">What is asked, as one sentence or two.</param>
/// <param name="Answer">The right answer, as short as it can be written.</param>
/// <param name="Working">Why; <c>{0}</c> stands where the answer goes, so that a wrong answer can be explained as fluently.</param>
internal sealed record Question(string Text, string Answer, string Working)
{
    /// <summary>A plainly wrong answer of the same kind: another number, date, weekday or word.</summary>
    public string WrongAnswer(Dice dice)
    {
        if (decimal.TryParse(Answer, NumberStyles.Number, CultureInfo.InvariantCulture, out var number))
        {
            var distance = Math.Max(1, Math.Round(Math.Abs(number) * dice.Between(4, 40) / 100)) + dice.Between(0, 3);
            return (dice.Chance(0.5) || number - distance < 0 ? number + distance : number - distance).ToString("0.####", CultureInfo.InvariantCulture);
        }

        if (DateOnly.TryParseExact(Answer, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return date.AddDays(dice.Between(2, 20) * (dice.Chance(0.5) ? 1 : -1)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        }

        if (Enum.TryParse<DayOfWeek>(Answer, out var weekday))
        {
            return ((DayOfWeek)(((int)weekday + dice.Between(1, 6)) % 7)).ToString();
        }

        var doubled = dice.Between(0, Answer.Length - 1);
        return Answer.Insert(doubled, Answer[doubled].ToString());
    }

    /// <summary>Whether the content of a chat answer is the JSON that was asked for and holds the right answer.</summary>
    public bool IsAnsweredBy(string content) =>
        ReadAnswer(content) is { } given
        && (given.Trim() == Answer
            || (decimal.TryParse(given, NumberStyles.Number, CultureInfo.InvariantCulture, out var a)
                && decimal.TryParse(Answer, NumberStyles.Number, CultureInfo.InvariantCulture, out var b)
                && a == b));

    private static string? ReadAnswer(string content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("answer", out var answer)
                && answer.ValueKind == JsonValueKind.String
                && root.TryGetProperty("explanation", out var explanation)
                && explanation.ValueKind == JsonValueKind.String
                    ? answer.GetString()
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>Questions with known answers: made to be asked, and found again in a prompt by the emulator.</summary>
internal static class Questions
{
    /// <summary>Tells a model in which form to answer.</summary>
    public const string SystemPrompt =
        """You answer short questions. Reply with one JSON object and nothing else: {"answer": "<the answer alone>", "explanation": "<one sentence>"}. Dates are written YYYY-MM-DD.""";

    /// <summary>The JSON Schema of an answer in the asked form.</summary>
    public const string AnswerSchema =
        """
        {
          "type": "object",
          "properties": {
            "answer": { "type": "string", "minLength": 1 },
            "explanation": { "type": "string" }
          },
          "required": ["answer", "explanation"]
        }
        """;

    /// <summary>A new question.</summary>
    public static Question Next(Dice dice)
    {
        var text = dice.Pick(QuestionForm.All).Ask(dice);
        return Find(text) ?? throw new InvalidOperationException($"Nobody can answer what was asked: {text}");
    }

    /// <summary>The question in a prompt, wherever it stands; null when there is none that has a known answer.</summary>
    public static Question? Find(string prompt)
    {
        foreach (var form in QuestionForm.All.Append(QuestionForm.Told))
        {
            if (form.Read(prompt) is { } question)
            {
                return question;
            }
        }

        return null;
    }
}
