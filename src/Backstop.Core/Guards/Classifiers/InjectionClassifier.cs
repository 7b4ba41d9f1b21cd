using System.Buffers;
using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Scores one window of text for attempts to take over the model that reads it.</summary>
public sealed class InjectionClassifier(LinearModel model, InjectionFeatures features)
{
    private const int Window = 300;
    private const int Step = 200;

    private static readonly SearchValues<char> Blank = SearchValues.Create(" \n\r\t\"'.|-");

    [ThreadStatic]
    private static FoldedText? _scratch;

    public static InjectionClassifier Shared { get; } =
        new(LinearModel.Read(EmbeddedText.Bytes("injection.weights")), InjectionFeatures.Shared);

    /// <summary>The score from which a text is taken for an attempt.</summary>
    public double Threshold => model.Threshold;

    /// <summary>From 0, harmless, to 1.</summary>
    /// <param name="form">Of the whole text that the window is cut from.</param>
    public double Score(ReadOnlySpan<char> window, TextForm form)
    {
        var sum = model.Begin();
        features.Extract(window, form, _scratch ??= new FoldedText(), ref sum);
        return model.Score(sum);
    }

    /// <summary>
    /// The parts of a text that are judged one by one: its sentences and lines, so that one planted sentence is not diluted,
    /// and windows of 300 characters, so that what is spread over several is seen together.
    /// </summary>
    public static void Cut(ReadOnlySpan<char> text, List<(int Start, int End)> parts)
    {
        parts.Clear();
        var sentences = new SentenceCutter(Window);
        for (var (from, end) = (0, 0); end < text.Length; from = end)
        {
            end = sentences.Next(text, from, final: true);
            if (text[from..end].ContainsAnyExcept(Blank))
            {
                parts.Add((from, end));
            }
        }

        if (parts.Count == 1 && parts[0] == (0, text.Length))
        {
            return;
        }

        for (var (from, end) = (0, 0); end < text.Length; from += Step)
        {
            end = Math.Min(text.Length, from + Window);
            parts.Add((from, end));
        }
    }
}
