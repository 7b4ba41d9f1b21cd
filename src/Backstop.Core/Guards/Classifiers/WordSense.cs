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
/// <param name="Class">Its class in the lexicon.</param>
/// <param name="Small">Which small word it is; none when it is listed.</param>
public readonly record struct WordSense(uint Hash, WordClass Class, SmallWord Small)
{
    /// <summary>The code of a word that is neither listed nor small.</summary>
    public const uint Other = 1;

    public bool IsListed => !Class.IsNone;

    /// <summary>What stands for it in constructions.</summary>
    public uint Code => IsListed ? (uint)((Class.Kind << 8) | Class.Level) : Small != SmallWord.None ? Hash | 0x8000_0000 : Other;

    /// <summary>What it does in a sentence, if that matters as much as a listed word; 0 otherwise.</summary>
    public uint Role => Small < SmallWord.Plain ? (uint)Small : 0;
}
