using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

namespace Backstop.Gateway.RingService;

/// <summary><c>POST /v1/moderations</c> in OpenAI's shape, answered by the local classifier of abuse.</summary>
/// <remarks>
/// The classifier says how abusive a sentence is, and the words of its lexicon of which kind: hate where a group is spoken of,
/// violence and threats where somebody is hurt, sexual where it is coarse. The categories nothing looks for are false with an
/// empty list of input types, and named in <c>backstop.unchecked_categories</c>.
/// </remarks>
internal static class ModerationsEndpoint
{
    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/intent",
        "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
    ];

    // By the classes of the lexicon.
    private static readonly FrozenDictionary<string, Func<string, bool>> Checked = new Dictionary<string, Func<string, bool>>
    {
        ["harassment"] = _ => true,
        ["harassment/threatening"] = kinds => kinds.Contains('v'),
        ["hate"] = IsOfGroup,
        ["hate/threatening"] = kinds => IsOfGroup(kinds) && kinds.Contains('v'),
        ["sexual"] = kinds => kinds.Contains('x'),
        ["violence"] = kinds => kinds.Contains('v'),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly ICheck Scorer = CheckCatalog.Create(
        new CheckUse(ToxicityCheck.Name, ToxicityCheck.Name, null, 0, Disposition.Block), new StreamingPolicy(), ToxicityCheck.Name);

    public static JsonObject Answer(JsonObject request)
    {
        var texts = request["input"] is JsonArray parts && parts.Any(part => part is JsonObject)
            ? [string.Join('\n', parts.OfType<JsonObject>().Select(part => part.Text("text")).Where(text => text is not null))]
            : request.Texts("input");
        if (texts.Count == 0)
        {
            throw new RingRequestException("'input' is missing: give a text, a list of texts, or parts with 'text'.", "input");
        }

        return new JsonObject
        {
            ["id"] = $"modr-{Nonces.New()}",
            ["model"] = "backstop-toxicity",
            ["results"] = new JsonArray([.. texts.Select(Result)]),
            ["backstop"] = new JsonObject { ["unchecked_categories"] = new JsonArray([.. Categories.Where(category => !Checked.ContainsKey(category)).Select(category => JsonValue.Create(category))]) },
        };
    }

    private static JsonNode Result(string text)
    {
        var sentences = Sentences(text).ToList();
        var threshold = ToxicityClassifier.Shared.Threshold;
        double ScoreOf(string category) => Checked.TryGetValue(category, out var fits)
            ? sentences.Where(sentence => fits(sentence.Kinds)).Select(sentence => sentence.Score).DefaultIfEmpty(0).Max()
            : 0;
        return new JsonObject
        {
            ["flagged"] = ScoreOf("harassment") >= threshold,
            ["categories"] = ForEach(category => ScoreOf(category) >= threshold),
            ["category_scores"] = ForEach(category => Math.Round(ScoreOf(category), 6)),
            ["category_applied_input_types"] = ForEach(category => Checked.ContainsKey(category) ? new JsonArray("text") : new JsonArray()),
        };
    }

    private static JsonObject ForEach(Func<string, JsonNode?> value) => new([.. Categories.Select(category => KeyValuePair.Create(category, value(category)))]);

    // With a threshold of 0 every sentence is a finding.
    private static IEnumerable<(double Score, string Kinds)> Sentences(string text)
    {
        var sink = new FindingSink(Scorer.Descriptor.Name, 0);
        Scorer.Open(new CheckContext(RingContext.None, GuardStage.Input, Trust.User)).Scan(new ScanWindow(text, 0, 0, final: true), sink);
        var folded = new FoldedText();
        foreach (var finding in sink.Findings)
        {
            folded.Read(text.AsSpan(finding.Start, finding.Length), escaped: false);
            yield return (finding.Score, string.Concat(Enumerable.Range(0, folded.Count).Select(word => AbuseLexicon.Shared.Find(folded, word, out _).Kind)));
        }
    }

    private static bool IsOfGroup(string kinds) => kinds.Contains('s') || kinds.Contains('g');
}
