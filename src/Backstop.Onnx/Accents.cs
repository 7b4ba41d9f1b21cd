using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Backstop.Onnx;

/// <summary>Takes accents from letters: decomposes them (NFD) and leaves out marks without width (Mn).</summary>
/// <remarks>
/// The runtime does not decompose where globalization is invariant, as it is here. <c>accents.txt</c> has a line for each letter,
/// with what it is with marks (Unicode 14.0, U+0080 to U+FFFF); syllables of Hangul are computed, as the standard does.
/// </remarks>
internal static class Accents
{
    private const int FirstSyllable = 0xAC00, LastSyllable = 0xD7A3, Vowels = 21, Tails = 28;

    private static readonly FrozenDictionary<char, string> Plain = Read();

    public static void Append(Rune rune, StringBuilder output)
    {
        if (rune.Value is >= FirstSyllable and <= LastSyllable)
        {
            var (index, tail) = Math.DivRem(rune.Value - FirstSyllable, Tails);
            output.Append((char)(0x1100 + (index / Vowels))).Append((char)(0x1161 + (index % Vowels)));
            _ = tail > 0 ? output.Append((char)(0x11A7 + tail)) : output;
        }
        else if (rune.IsBmp && Plain.TryGetValue((char)rune.Value, out var plain))
        {
            output.Append(plain);
        }
        else if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
        {
            output.Append(rune.ToString());
        }
    }

    private static FrozenDictionary<char, string> Read()
    {
        using var stream = typeof(Accents).Assembly.GetManifestResourceStream("accents.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))
            .SelectMany(parts => parts[1].Select(letter => KeyValuePair.Create(letter, parts[0]))).ToFrozenDictionary();
    }
}
