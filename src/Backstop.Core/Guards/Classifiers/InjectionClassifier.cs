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
    // Their places in the panel.
    private const int Part = 0;
    private const int Whole = 1;
    private const int Request = 2;

    /// <summary>Most characters that are judged together as a part.</summary>
    public const int Window = 300;

    // As a whole a text may excuse a part, and accuses it less: a table that resembles those with an attempt has none for that.
    private const double MostExcuse = 2;
    private const double MostAccusation = 1;
    private const double ShareOfWhole = 0.5;

    [ThreadStatic]
    private static Scratch? _scratch;

    private readonly Panel _panel = new(models.Part, models.Whole, models.Request);
    private readonly double[] _places = [.. Enumerable.Range(0, Standing.Place.Count).Select(number => SaidOf(Standing.Place.Of(number), models.Place))];

    public static InjectionClassifier Shared { get; } = new(InjectionModels.Embedded(), InjectionFeatures.Shared);

    /// <summary>The score from which a text is taken for an attempt.</summary>
    public double Threshold => models.Part.Threshold;

    /// <summary>What the whole text adds to the evidence of each of its parts, as a logit.</summary>
    public static double Background(double whole) => Math.Clamp(ShareOfWhole * whole, -MostExcuse, MostAccusation);

    /// <summary>Judges a text. A part's score is 0 for harmless to 1.</summary>
    public void Score(ReadOnlySpan<char> text, List<ScoredPart> parts)
    {
        parts.Clear();
        var scratch = _scratch is { } known && known.Panel == _panel ? known : _scratch = new Scratch(_panel, features);
        scratch.Clear();
        var (all, sentences) = (default(Tally), new SentenceCutter(Window));
        for (var (from, end) = (0, 0); end < text.Length; from = end)
        {
            end = sentences.Next(text, from, final: true);
            if (InjectionFeatures.Read(text[from..end], sentences.Escaped, scratch.Text))
            {
                var sum = scratch.Sum();
                var part = sum.TallyOf(Part);
                scratch.Spans.Add((from, end));
                scratch.Sums.Add(part);
                scratch.Names.Add(part.Name);
                var whole = sum.TallyOf(Whole);
                all = scratch.Known.Add(part.Name) ? all.With(in whole) : all;
                scratch.Around.EndSentence(end - from, models.Request.Score(sum.TallyOf(Request)));
            }
        }

        var standing = default(Standing);
        for (var i = 0; i < scratch.Spans.Count; i++)
        {
            scratch.Standings.Add(scratch.Around.Of(i));
            standing += scratch.Standings[i];
        }

        var background = Background(models.Whole.Logit(in all));
        var own = CollectionsMarshal.AsSpan(scratch.Sums);
        for (var i = 0; i < scratch.Spans.Count; i++)
        {
            var (start, end) = scratch.Spans[i];
            var place = PlaceOf(scratch.Standings[i], standing, i == 0, i == scratch.Spans.Count - 1);
            parts.Add(new ScoredPart(start, end, models.Part.Logit(in own[i]) + place + background));
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
        var (together, standing, end) = (default(Tally), default(Standing), 0);
        for (var first = 0; first < spans.Length; first++)
        {
            var grown = EndOfNeighbours(spans, first, end);
            var joined = false;
            for (; end < grown; end++)
            {
                together = names[first..end].Contains(names[end]) ? together : together.With(in sums[end]);
                standing += standings[end];
                joined = true;
            }

            if (grown - first > 1 && joined)
            {
                var place = PlaceOf(standing, all, first == 0, grown == spans.Length);
                parts.Add(new ScoredPart(spans[first].Start, spans[grown - 1].End, models.Part.Logit(in together) + place + background));
            }

            together = names[(first + 1)..end].Contains(names[first]) ? together : together.Without(in sums[first]);
            standing -= standings[first];
        }
    }

    private double PlaceOf(in Standing standing, in Standing all, bool first, bool last) => _places[standing.PlaceIn(all, first, last).Number];

    private static double SaidOf(Standing.Place place, LinearModel model)
    {
        var sum = model.Begin();
        place.Describe(ref sum);
        return model.Logit(sum.Tally);
    }

    // Reused by all texts of a thread, so that nothing is allocated.
    private sealed class Scratch(Panel panel, InjectionFeatures features)
    {
        private const int MostKnown = 1 << 12;

        public Panel Panel => panel;

        public WordMemo<Panel.Sum> Memo { get; } = new(features.Constructions, panel.Begin());

        public FoldedText Text { get; } = new();

        public Patterns Patterns { get; } = new();

        public Surroundings Around { get; } = new();

        public List<(int Start, int End)> Spans { get; } = [];

        public List<Tally> Sums { get; } = [];

        public List<ulong> Names { get; } = [];

        public HashSet<ulong> Known { get; } = [];

        public List<Standing> Standings { get; } = [];

        /// <summary>What the sentence says that was read last.</summary>
        public Panel.Sum Sum()
        {
            var sum = panel.Begin();
            var words = Memo.Read(Text);
            Patterns.ReadAll(words, Text);
            sum.Add(words, previous: 0);
            sum.Add(Patterns.To(words.Length));
            Around.Add(words);
            return sum;
        }

        public void Clear()
        {
            Around.Clear();
            Spans.Clear();
            Sums.Clear();
            Names.Clear();
            Known.Clear();
            Standings.Clear();
            if (Known.Capacity > MostKnown)
            {
                Known.TrimExcess(); // Clearing costs what it once held: one long text would slow all that follow.
            }
        }
    }
}

/// <summary>What was found out about a stretch of a text.</summary>
/// <param name="Evidence">How likely it is an attempt, as a logit.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ScoredPart(int Start, int End, double Evidence)
{
    /// <summary>How likely it is an attempt, from 0 to 1.</summary>
    public double Score => Logistic.Chance(Evidence);
}
