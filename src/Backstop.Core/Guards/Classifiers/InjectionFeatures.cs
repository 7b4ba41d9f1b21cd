using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What the injection model looks at: words, letters, sequences of word classes, and the known constructions.</summary>
public sealed class InjectionFeatures(AbuseLexicon lexicon)
{
    private static readonly double[] Levels = [0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 0.95];

    private readonly InjectionRules _rules = new(lexicon);
    private readonly ConstructionFeatures _constructions = new(lexicon);

    public static InjectionFeatures Shared { get; } = new(AbuseLexicon.Parse(EmbeddedText.Read("injection.lexicon")));

    /// <summary>Reads one window into <paramref name="text"/> and hands its features to the sink.</summary>
    /// <param name="form">Of the whole text that the window is cut from.</param>
    public void Extract<TSink>(ReadOnlySpan<char> window, TextForm form, FoldedText text, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        text.Read(window, escaped: false);
        text.Unleet();
        _constructions.Extract(text, ref sink);

        for (var i = 0; form != TextForm.Short && i < text.Count; i++)
        {
            sink.Add(FeatureFamily.Word, Features.Append(Features.Hash(text[i]), 0xf0 + (uint)form));
        }

        // The constructions carry over to texts of any kind: each level that their evidence reaches is a feature.
        var evidence = _rules.Score(window, text);
        for (var level = 0; level < Levels.Length && evidence >= Levels[level]; level++)
        {
            sink.Add(FeatureFamily.Pattern, Features.Append(0x1e7e1, (uint)level));
        }
    }
}
