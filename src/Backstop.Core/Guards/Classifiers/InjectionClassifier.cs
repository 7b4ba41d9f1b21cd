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
/// padding outweighs a part. And a part that asks for something counts for more where the rest asks for nothing, see
/// <see cref="Standing"/>. Every sentence is read once: what its neighbours say together is a sum.
/// </remarks>
public sealed class InjectionClassifier(InjectionModels models, InjectionFeatures features)
{
    /// <summary>Most characters that are judged together as a part.</summary>
    public const int Window = 300;

    private const double MostOfWhole = 2;
    private const double ShareOfWhole = 0.5;

    [ThreadStatic]
    private static Scratch? _scratch;

    public static InjectionClassifier Shared { get; } = new(InjectionModels.Embedded(), InjectionFeatures.Shared);

    /// <summary>The score from which a text is taken for an attempt.</summary>
    public double Threshold => models.Part.Threshold;

    /// <summary>What the whole text adds to the evidence of each of its parts, as a logit.</summary>
    public static double Background(double whole) => Math.Clamp(ShareOfWhole * whole, -MostOfWhole, MostOfWhole);

    /// <summary>Judges a text. A part's score is 0 for harmless to 1.</summary>
    public void Score(ReadOnlySpan<char> text, List<ScoredPart> parts)
    {
        parts.Clear();
        var scratch = _scratch ??= new Scratch();
        scratch.Clear();
        var (all, sentences) = (models.Whole.Begin(), new SentenceCutter(Window));
        for (var (from, end) = (0, 0); end < text.Length; from = end)
        {
            end = sentences.Next(text, from, final: true);
            var sums = new AllSums(models);
            if (features.Extract(text[from..end], sentences.Escaped, scratch.Text, ref sums))
            {
                scratch.Spans.Add((from, end));
                scratch.Sums.Add(sums.Part);
                scratch.Names.Add(sums.Part.Name);
                all = scratch.Known.Add(sums.Part.Name) ? all.With(sums.Whole) : all;
                scratch.Around.Add(scratch.Text, end - from, models.Request.Score(sums.Request));
            }
        }

        var standing = default(Standing);
        for (var i = 0; i < scratch.Spans.Count; i++)
        {
            scratch.Standings.Add(scratch.Around.Of(i));
            standing += scratch.Standings[i];
        }

        var background = Background(models.Whole.Logit(all));
        for (var i = 0; i < scratch.Spans.Count; i++)
        {
            var (start, end) = scratch.Spans[i];
            var place = PlaceOf(scratch.Standings[i], standing, i == 0, i == scratch.Spans.Count - 1);
            parts.Add(new ScoredPart(start, end, Chance(models.Part.Logit(scratch.Sums[i]) + place + background)));
        }

        AddNeighbours(scratch, standing, background, parts);
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

    // A window that slides: sentences join at its end and leave at its start. What is said twice counts once.
    private void AddNeighbours(Scratch scratch, in Standing all, double background, List<ScoredPart> parts)
    {
        var spans = CollectionsMarshal.AsSpan(scratch.Spans);
        var sums = CollectionsMarshal.AsSpan(scratch.Sums);
        var standings = CollectionsMarshal.AsSpan(scratch.Standings);
        var names = CollectionsMarshal.AsSpan(scratch.Names);
        var (together, standing, end) = (models.Part.Begin(), default(Standing), 0);
        for (var first = 0; first < spans.Length; first++)
        {
            var grown = EndOfNeighbours(spans, first, end);
            var joined = false;
            for (; end < grown; end++)
            {
                together = names[first..end].Contains(names[end]) ? together : together.With(sums[end]);
                standing += standings[end];
                joined = true;
            }

            if (grown - first > 1 && joined)
            {
                var place = PlaceOf(standing, all, first == 0, grown == spans.Length);
                parts.Add(new ScoredPart(spans[first].Start, spans[grown - 1].End, Chance(models.Part.Logit(together) + place + background)));
            }

            together = names[(first + 1)..end].Contains(names[first]) ? together : together.Without(sums[first]);
            standing -= standings[first];
        }
    }

    private double PlaceOf(in Standing standing, in Standing all, bool first, bool last)
    {
        var sum = models.Place.Begin();
        standing.Describe(all, first, last, ref sum);
        return models.Place.Logit(sum);
    }

    private static double Chance(double logit) => 1 / (1 + Math.Exp(-logit));

    // Reused by all texts of a thread, so that nothing is allocated.
    private sealed class Scratch
    {
        public FoldedText Text { get; } = new();

        public Surroundings Around { get; } = new();

        public List<(int Start, int End)> Spans { get; } = [];

        public List<LinearModel.Sum> Sums { get; } = [];

        public List<ulong> Names { get; } = [];

        public HashSet<ulong> Known { get; } = [];

        public List<Standing> Standings { get; } = [];

        public void Clear()
        {
            Around.Clear();
            Spans.Clear();
            Sums.Clear();
            Names.Clear();
            Known.Clear();
            Standings.Clear();
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private struct AllSums(InjectionModels models) : IFeatureSink
    {
        public LinearModel.Sum Part = models.Part.Begin();
        public LinearModel.Sum Whole = models.Whole.Begin();
        public LinearModel.Sum Request = models.Request.Begin();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(FeatureFamily family, uint hash)
        {
            Part.Add(family, hash);
            Whole.Add(family, hash);
            Request.Add(family, hash);
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
