using System.Runtime.InteropServices;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>The kinds of small words that constructions keep.</summary>
public enum SmallWord : byte
{
    None,

    // Who speaks or is spoken about, and what ought to be, matter as much as the words of the list.
    Speaker,
    Others,
    Ought,
    Condition,

    Plain,

    /// <summary>Strengthens and changes nothing.</summary>
    Filler,
}

/// <summary>What a word is, whatever stands around it.</summary>
/// <param name="Hash">Of the word as it is spelled in the end.</param>
/// <param name="Code">What stands for it in constructions.</param>
/// <param name="Small">Which small word it is; none when it is listed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct WordSense(uint Hash, uint Code, SmallWord Small)
{
    /// <summary>The code of a word that is neither listed nor small.</summary>
    public const uint Other = 1;

    public static WordSense Of(uint hash, WordClass found, SmallWord small) =>
        new(hash, !found.IsNone ? CodeOf(found) : small != SmallWord.None ? hash | 0x8000_0000 : Other, small);

    public bool IsListed => Small == SmallWord.None && Code != Other;

    /// <summary>What it does in a sentence, if that matters as much as a listed word; 0 otherwise.</summary>
    public uint Role => Small < SmallWord.Plain ? (uint)Small : 0;

    /// <summary>The same word where it is listed as something else.</summary>
    public WordSense As(WordClass found) => this with { Code = found.IsNone ? Other : CodeOf(found) };

    private static uint CodeOf(WordClass found) => (uint)((found.Kind << 8) | found.Level);
}
