using System.Globalization;

namespace Backstop.Core.Guards.Json;

/// <summary>Values that stand without quotation marks.</summary>
internal static class BareValue
{
    /// <returns>The value as JSON writes it, or null when it has none.</returns>
    public static string? Translate(ReadOnlySpan<char> word) => word switch
    {
        "true" or "True" or "TRUE" => "true",
        "false" or "False" or "FALSE" => "false",
        "null" or "None" or "NULL" or "Null" or "nil" or "undefined" => "null",
        "NaN" or "nan" or "Infinity" or "-Infinity" or "inf" => null,
        _ when char.IsAsciiDigit(word[0]) || word[0] is '+' or '-' or '.' => Number(word),
        _ => Quoted(word),
    };

    private static string? Number(ReadOnlySpan<char> word)
    {
        if (word.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return long.TryParse(word[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)
                ? hex.ToString(CultureInfo.InvariantCulture)
                : Quoted(word);
        }

        var text = word.TrimStart('+').ToString().Replace("_", "", StringComparison.Ordinal);
        text = text.StartsWith('.') ? "0" + text : text.StartsWith("-.", StringComparison.Ordinal) ? "-0" + text[1..] : text;
        text = text.EndsWith('.') ? text[..^1] : text;
        return text.Length > 0 && JsonParser.EndOfNumber(text, 0) == text.Length ? text : Quoted(word);
    }

    private static string? Quoted(ReadOnlySpan<char> word) =>
        word.IndexOfAny('"', '\\') >= 0 || word.IndexOfAnyInRange('\0', '\u001f') >= 0 ? null : $"\"{word}\"";
}
