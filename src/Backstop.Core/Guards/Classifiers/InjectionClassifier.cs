using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Scores the parts of a text for attempts to take over the model that reads it.</summary>
/// <remarks>
/// Two regressions over the same features: one judges parts, its sentences, so that one planted sentence is not diluted, and
/// neighbouring sentences of up to 300 characters, so that what is spread over several is seen together; the other judges the whole
/// text, for an attempt is often an instruction in a place where none belongs. What the whole says is bounded, so that no amount of
/// padding outweighs a part. Every sentence is read once: what its neighbours say together is a sum.
/// </remarks>
public sealed class InjectionClassifier(LinearModel part, LinearModel whole, InjectionFeatures features)
{
    /// <summary>Most characters that are judged together as a part.</summary>
    public const int Window = 300;

    private const double MostOfWhole = 2;
    private const double ShareOfWhole = 0.5;

    [ThreadStatic]
    private static Scratch? _scratch;

    public static InjectionClassifier Shared { get; } = new(
        LinearModel.Read(EmbeddedText.Bytes("injection.weights")), LinearModel.Read(EmbeddedText.Bytes("injection.whole.weights")), InjectionFeatures.Shared);

    /// <summary>The score from which a text is taken for an attempt.</summary>
    public double Threshold => part.Threshold;

    /// <summary>What the whole text adds to the evidence of each of its parts, as a logit.</summary>
    public static double Background(double whole) => Math.Clamp(ShareOfWhole * whole, -MostOfWhole, MostOfWhole);

    /// <summary>Judges a text. A part's score is 0 for harmless to 1.</summary>
    public void Score(ReadOnlySpan<char> text, List<ScoredPart> parts)
    {
        parts.Clear();
        var scratch = _scratch ??= new Scratch();
        scratch.Spans.Clear();
        scratch.Sums.Clear();
        var (all, sentences) = (whole.Begin(), new SentenceCutter(Window));
        for (var (from, end) = (0, 0); end < text.Length; from = end)
        {
            end = sentences.Next(text, from, final: true);
            var sums = new BothSums(part.Begin(), whole.Begin());
            if (features.Extract(text[from..end], sentences.Escaped, scratch.Text, ref sums))
            {
                scratch.Spans.Add((from, end));
                scratch.Sums.Add(sums.Part);
                all = all.With(sums.Whole);
            }
        }

        var background = Background(whole.Logit(all));
        for (var i = 0; i < scratch.Spans.Count; i++)
        {
            var (start, end) = scratch.Spans[i];
            parts.Add(new ScoredPart(start, end, Chance(part.Logit(scratch.Sums[i]) + background)));
        }

        AddNeighbours(scratch, background, parts);
    }

    /// <summary>How far the sentences reach that are judged together with sentence <paramref name="first"/>.</summary>
    /// <param name="end">How far those reach that are judged with the sentence before; 0 for the first.</param>
    /// <returns>The number of the first sentence that is not among them.</returns>
    public static int EndOfNeighbours(ReadOnlySpan<(int Start, int End)> sentences, int first, int end)
    {
        end = Math.Max(end, first + 1);
        while (end < sentences.Length && sentences[end].End - sentences[first].Start <= Window)
        {
            end++;
        }

        return end;
    }

    // A window that slides: sentences join at its end and leave at its start.
    private void AddNeighbours(Scratch scratch, double background, List<ScoredPart> parts)
    {
        var spans = CollectionsMarshal.AsSpan(scratch.Spans);
        var sums = CollectionsMarshal.AsSpan(scratch.Sums);
        var (together, end) = (part.Begin(), 0);
        for (var first = 0; first < spans.Length; first++)
        {
            var grown = EndOfNeighbours(spans, first, end);
            foreach (var sum in sums[end..grown])
            {
                together = together.With(sum);
            }

            if (grown - first > 1 && grown > end)
            {
                parts.Add(new ScoredPart(spans[first].Start, spans[grown - 1].End, Chance(part.Logit(together) + background)));
            }

            end = grown;
            together = together.Without(sums[first]);
        }
    }

    private static double Chance(double logit) => 1 / (1 + Math.Exp(-logit));

    // Reused by all texts of a thread, so that nothing is allocated.
    private sealed class Scratch
    {
        public FoldedText Text { get; } = new();

        public List<(int Start, int End)> Spans { get; } = [];

        public List<LinearModel.Sum> Sums { get; } = [];
    }

    [StructLayout(LayoutKind.Auto)]
    private struct BothSums(LinearModel.Sum part, LinearModel.Sum whole) : IFeatureSink
    {
        public LinearModel.Sum Part = part;
        public LinearModel.Sum Whole = whole;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(FeatureFamily family, uint hash)
        {
            Part.Add(family, hash);
            Whole.Add(family, hash);
        }

        public void AddLetters(ReadOnlySpan<char> word, uint hash) => Features.AddLetters(word, ref this);

        public readonly void NextPiece()
        {
        }
    }
}

/// <param name="Score">How likely this stretch of the text is an attempt.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ScoredPart(int Start, int End, double Score);
