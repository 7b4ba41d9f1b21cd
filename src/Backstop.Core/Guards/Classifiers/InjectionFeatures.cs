using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What the injection models look at: words, letters and constructions.</summary>
public sealed class InjectionFeatures(AbuseLexicon lexicon)
{
    public static InjectionFeatures Shared { get; } = new(AbuseLexicon.Parse(EmbeddedText.Read("injection.lexicon")));

    internal ConstructionFeatures Constructions { get; } = new(lexicon);

    /// <summary>Reads one sentence into <paramref name="text"/> and hands its features to the sink.</summary>
    /// <param name="escaped">Whether backslashes are JSON escapes.</param>
    /// <returns>Whether there is a word in it.</returns>
    public bool Extract<TSink>(ReadOnlySpan<char> sentence, bool escaped, FoldedText text, ref TSink sink)
        where TSink : struct, ITextSink
    {
        if (!Read(sentence, escaped, text))
        {
            return false;
        }

        Constructions.Extract(text, ref sink);
        return true;
    }

    /// <summary>Reads one sentence into <paramref name="text"/>.</summary>
    /// <param name="escaped">Whether backslashes are JSON escapes.</param>
    /// <returns>Whether there is a word in it.</returns>
    internal static bool Read(ReadOnlySpan<char> sentence, bool escaped, FoldedText text)
    {
        text.Read(sentence, escaped);
        text.Unleet();
        return text.Count > 0;
    }
}
