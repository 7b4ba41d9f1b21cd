using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace Backstop.Onnx;

/// <summary>Cuts texts into words as BERT and its descendants do, before the words are cut into pieces.</summary>
/// <param name="stripAccents">Whether letters lose their accents.</param>
/// <param name="separateCjk">Whether each Chinese character is a word.</param>
internal sealed class BertWords(bool lowerCase, bool stripAccents, bool separateCjk) : PreTokenizer
{
    /// <summary>The same text with one space between any two words.</summary>
    public string Separate(string text)
    {
        var words = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune))
            {
                words.Append(' ');
            }
            else if (IsPunctuation(rune) || (separateCjk && IsCjk(rune.Value)))
            {
                words.Append(' ').Append(rune.ToString()).Append(' ');
            }
            else if (!IsNothing(rune))
            {
                var cased = lowerCase ? Rune.ToLowerInvariant(rune) : rune;
                if (stripAccents)
                {
                    Accents.Append(cased, words);
                }
                else
                {
                    words.Append(cased.ToString());
                }
            }
        }

        return words.ToString();
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        for (var (from, end) = (0, 0); from < text.Length; from = end + 1)
        {
            end = text.IndexOf(' ', from) is var space and >= 0 ? space : text.Length;
            if (end > from)
            {
                yield return (from, end - from);
            }
        }
    }

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    private static bool IsPunctuation(Rune rune) => rune.IsAscii
        ? char.IsAscii((char)rune.Value) && (char.IsPunctuation((char)rune.Value) || char.IsSymbol((char)rune.Value))
        : Rune.IsPunctuation(rune);

    private static bool IsNothing(Rune rune) => rune.Value is 0 or 0xFFFD || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse;

    private static bool IsCjk(int rune) => rune is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
        or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
