using System.Text;

namespace Backstop.Emulation;

/// <summary>Sentences composed from parts: a section's line is drawn, and each {name} in it from the section of that name.</summary>
internal sealed class PhraseBook
{
    private readonly Dictionary<string, List<string>> _sections = [];

    private PhraseBook(TextReader text)
    {
        List<string>? section = null;
        while (text.ReadLine() is { } line)
        {
            if (line is ['[', .. var name, ']'] && !name.Contains(' '))
            {
                section = _sections[name] = [];
            }
            else if (line.Length > 0 && section is not null)
            {
                section.Add(line);
            }
        }
    }

    /// <summary>The book with this name among the program's resources.</summary>
    public static PhraseBook Load(string name)
    {
        var resource = typeof(PhraseBook).Assembly.GetManifestResourceStream($"phrases/{name}.txt")
            ?? throw new InvalidOperationException($"The program was built without its phrase book '{name}'.");
        using var text = new StreamReader(resource);
        return new PhraseBook(text);
    }

    /// <summary>The lines of a section as they stand, places to fill included.</summary>
    public IReadOnlyList<string> Lines(string section) => _sections[section];

    /// <summary>A sentence of this section. <paramref name="given"/> fills the places that are not sections of the book.</summary>
    public string Compose(string section, Dice dice, IReadOnlyDictionary<string, string>? given = null)
    {
        var sentence = new StringBuilder();
        Fill(sentence, section, dice, given);
        sentence[0] = char.ToUpperInvariant(sentence[0]);
        return sentence.ToString();
    }

    private void Fill(StringBuilder sentence, string section, Dice dice, IReadOnlyDictionary<string, string>? given)
    {
        var line = dice.Pick(_sections[section]);
        var at = 0;
        while (line.IndexOf('{', at) is >= 0 and var open)
        {
            var close = line.IndexOf('}', open);
            var name = line[(open + 1)..close];
            sentence.Append(line, at, open - at);
            if (given is not null && given.TryGetValue(name, out var value))
            {
                sentence.Append(value);
            }
            else
            {
                Fill(sentence, name, dice, given);
            }

            at = close + 1;
        }

        sentence.Append(line, at, line.Length - at);
    }
}
