using System.Collections.Frozen;
using System.Text;

namespace Backstop.Simulation.Training;

/// <summary>Makes sentences from parts, for training where public data has none of the kind.</summary>
/// <remarks>
/// One line names a part and its alternatives: <c>part: first | second {other}</c>; <c>\n</c> in it is a new line. Lines that begin
/// with # are notes.
/// </remarks>
public sealed class SentenceGrammar
{
    private readonly FrozenDictionary<string, string[]> _parts;

    private SentenceGrammar(FrozenDictionary<string, string[]> parts) => _parts = parts;

    public static SentenceGrammar Parse(string text) => new(text.Split('\n')
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line.Split(':', 2))
        .ToFrozenDictionary(
            pair => pair[0].Trim(),
            pair => pair[1].Replace("\\n", "\n", StringComparison.Ordinal).Split('|', StringSplitOptions.TrimEntries),
            StringComparer.Ordinal));

    /// <summary>The same random numbers make the same sentence.</summary>
    public string Make(string part, System.Random random)
    {
        var sentence = new StringBuilder();
        Append(part, random, sentence);
        if (sentence.Length > 0)
        {
            sentence[0] = char.ToUpperInvariant(sentence[0]);
        }

        return sentence.ToString();
    }

    private void Append(string part, System.Random random, StringBuilder sentence)
    {
        var alternatives = _parts[part];
        var text = alternatives[random.Next(alternatives.Length)];
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '{')
            {
                sentence.Append(text[i++]);
                continue;
            }

            var close = text.IndexOf('}', i);
            Append(text[(i + 1)..close], random, sentence);
            i = close + 1;
        }
    }
}
