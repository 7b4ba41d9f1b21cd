using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Backstop.Core.Gates;

/// <summary>Compares an answer with the right one.</summary>
/// <remarks>
/// A JSON object is compared by its <c>answer</c>, the whole of it; other text must contain the right answer as words of
/// its own, so that 4 is not found in 42. Case, spacing and the punctuation around it do not count, and numbers are equal
/// when their values are.
/// </remarks>
public static class ExpectedAnswer
{
    /// <summary>Whether the text gives the expected answer.</summary>
    public static bool IsIn(string text, string expected)
    {
        var wanted = Normalised(expected);
        return ReadAnswer(text) is { } answer
            ? Equal(Normalised(answer), wanted)
            : Contains(Normalised(text), wanted);
    }

    private static string? ReadAnswer(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("answer", out var answer)
                ? answer.ValueKind == JsonValueKind.String ? answer.GetString() : answer.GetRawText()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Contains(string text, string wanted)
    {
        var padded = $" {text} ";
        return wanted.Length > 0
            && (padded.Contains($" {wanted} ", StringComparison.Ordinal)
                || (ValueOf(wanted) is { } value && text.Split(' ').Any(word => ValueOf(word) == value)));
    }

    private static bool Equal(string given, string wanted) =>
        given == wanted || (ValueOf(given) is { } a && ValueOf(wanted) is { } b && a == b);

    private static decimal? ValueOf(string word) =>
        decimal.TryParse(word, NumberStyles.Number, CultureInfo.InvariantCulture, out var value) ? value : null;

    // Lower case, single spaces, and words without the punctuation around them.
    private static string Normalised(string text)
    {
        var words = text.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Select(Bare).Where(word => word.Length > 0));
    }

    private static string Bare(string word)
    {
        var (start, end) = (0, word.Length);
        while (start < end && !char.IsLetterOrDigit(word[start]) && !(word[start] is '-' or '+' && start + 1 < end && char.IsDigit(word[start + 1])))
        {
            start++;
        }

        while (end > start && !char.IsLetterOrDigit(word[end - 1]))
        {
            end--;
        }

        return word[start..end];
    }
}
