using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What the injection models look at: words, letters and constructions.</summary>
public sealed class InjectionFeatures(AbuseLexicon lexicon)
{
    private readonly ConstructionFeatures _constructions = new(lexicon);

    public static InjectionFeatures Shared { get; } = new(AbuseLexicon.Parse(EmbeddedText.Read("injection.lexicon")));

    /// <summary>Reads one sentence into <paramref name="text"/> and hands its features to the sink.</summary>
    /// <param name="escaped">Whether backslashes are JSON escapes.</param>
    /// <returns>Whether there is a word in it.</returns>
    public bool Extract<TSink>(ReadOnlySpan<char> sentence, bool escaped, FoldedText text, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        text.Read(sentence, escaped);
        if (text.Count == 0)
        {
            return false;
        }

        text.Unleet();
        _constructions.Extract(text, ref sink);
        return true;
    }
}
