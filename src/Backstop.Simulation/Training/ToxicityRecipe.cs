using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

namespace Backstop.Simulation.Training;

/// <summary>The recipe of <c>toxicity.weights</c>.</summary>
public sealed class ToxicityRecipe : TrainingRecipe
{
    private static readonly string[] Sources =
    [
        "toxicity/tdavidson", "toxicity/hatecheck", "toxicity/surge", "toxicity/benign-chat", "attack/benign-prompts",
        "attack/purplellama-frr", "attack/xstest-safe", "toxicity/multilingual-hatecheck",
    ];

    private readonly ConstructionFeatures _features = new(AbuseLexicon.Shared);
    private readonly FoldedText _text = new();

    public override string Name => "toxicity";

    public override double FalsePositiveRate => 0.0065;

    public override bool IsOrdinary(TrainingRow row) => row.Source == "toxicity/benign-chat";

    public override bool IsMeasured(TrainingRow row) =>
        row.Source is "toxicity/tdavidson" or "toxicity/hatecheck" or "toxicity/benign-chat";

    public override IReadOnlyList<string> LeftOut => ["toxicity/surge", "toxicity/hatecheck", "toxicity/tdavidson"];

    public override IEnumerable<TrainingRow> Rows(TrainingData data) =>
        data.Load(Sources)
            .Where(row => row.Source != "attack/benign-prompts" || row.Kind == "benign_code")
            .Where(row => row.Source != "toxicity/multilingual-hatecheck" || !row.Positive)
            .Concat(data.LoadWords("lexicons/profanity_en"))
            .Concat(TrainingData.Make("abuse.grammar", "abuse", 32_000, seed: 7))
            .Select(row => row with { Weight = WeightOf(row) });

    public override TrainingExample Read(TrainingRow row)
    {
        // As ToxicityCheck judges: each stretch by itself, its pieces, and with what stands before it.
        var (parts, cutter) = (new List<FeatureVector>(), new SentenceCutter(ToxicityCheck.Context));
        FeatureVector? before = null;
        var length = 0;
        for (var (from, end) = (0, 0); end < row.Text.Length; from = end)
        {
            end = cutter.Next(row.Text, from, final: true);
            _text.Read(row.Text.AsSpan(from..end), cutter.Escaped);
            var collector = new Collector(Options.Sizes);
            var sink = collector.Open();
            _features.Extract(_text, ref sink);
            var pieces = collector.Take();
            for (var i = 1; i < pieces.Count && pieces.Count > 2; i++)
            {
                parts.Add(FeatureVector.Of([pieces[i - 1], pieces[i]]));
            }

            var part = FeatureVector.Of(pieces);
            parts.Add(part);
            if (before is not null && length + end - from <= ToxicityCheck.Context && !cutter.Escaped)
            {
                length += end - from;
                before = FeatureVector.Of([before, part]);
                parts.Add(before);
            }
            else
            {
                (before, length) = (part, end - from);
            }
        }

        return new TrainingExample(row, parts.Count == 0 ? [FeatureVector.Empty] : parts, FeatureVector.Empty);
    }

    // The tweets are many, and what they call offensive is often only coarse; the few sets of another kind must be heard.
    private static double WeightOf(TrainingRow row) => row.Source switch
    {
        "toxicity/tdavidson" => row.Positive ? 0.2 : 0.65,
        "toxicity/hatecheck" or "toxicity/surge" => 3,
        "toxicity/multilingual-hatecheck" => 0.5,
        "toxicity/benign-chat" => 2,
        _ => 1,
    };
}
