using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;

namespace Backstop.Gateway.RingService;

/// <summary><c>POST /v1/moderations</c> in OpenAI's shape, answered by the local classifier of abuse.</summary>
/// <remarks>
/// It knows one kind of harm and says so: abuse, threats and hate are told as <c>harassment</c>; the categories nothing looks
/// for are false with an empty list of input types, and named in <c>backstop.unchecked_categories</c>.
/// </remarks>
internal static class ModerationsEndpoint
{
    private const string Checked = "harassment";

    private static readonly string[] Categories =
    [
        "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm", "self-harm/intent",
        "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic",
    ];

    private static readonly ICheck Scorer = Create(threshold: 0);
    private static readonly ICheck Judge = Create(threshold: null);

    public static JsonObject Answer(JsonObject request, RingDirectory rings)
    {
        _ = rings;
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
            ["backstop"] = new JsonObject { ["unchecked_categories"] = new JsonArray([.. Categories.Where(category => category != Checked).Select(category => JsonValue.Create(category))]) },
        };
    }

    private static JsonNode Result(string text)
    {
        var score = Findings(Scorer, text).Select(finding => finding.Score).DefaultIfEmpty(0).Max();
        var flagged = Findings(Judge, text).Count > 0;
        return new JsonObject
        {
            ["flagged"] = flagged,
            ["categories"] = ForEach(category => category == Checked && flagged),
            ["category_scores"] = ForEach(category => category == Checked ? Math.Round(score, 6) : 0.0),
            ["category_applied_input_types"] = ForEach(category => category == Checked ? new JsonArray("text") : new JsonArray()),
        };
    }

    private static JsonObject ForEach(Func<string, JsonNode?> value) => new([.. Categories.Select(category => KeyValuePair.Create(category, value(category)))]);

    private static IReadOnlyList<Finding> Findings(ICheck check, string text)
    {
        var sink = new FindingSink(check.Descriptor.Name, 0);
        check.Open(new CheckContext(RingContext.None, GuardStage.Input, Trust.User)).Scan(new ScanWindow(text, 0, 0, final: true), sink);
        return sink.Findings;
    }

    private static ICheck Create(double? threshold) =>
        CheckCatalog.Create(new CheckUse(ToxicityCheck.Name, ToxicityCheck.Name, null, threshold, Disposition.Block), new StreamingPolicy(), ToxicityCheck.Name);
}
