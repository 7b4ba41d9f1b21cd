using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.RingService;

/// <summary><c>POST /v1/guard</c>: texts through all checks of one stage of a policy.</summary>
internal static class GuardEndpoint
{
    /// <summary>
    /// Takes <c>text</c> or <c>texts</c>, and perhaps <c>policy</c> (a policy or an alias), <c>stage</c> (output) and
    /// <c>messages</c> that the texts may be grounded in.
    /// </summary>
    public static async ValueTask<JsonObject> Answer(JsonObject request, RingDirectory rings, OutsideGuards guards, CancellationToken left)
    {
        var ring = rings.Require(request.Text("policy"));
        var stage = StageOf(request.Text("stage"));
        var texts = request.ContainsKey("texts") ? request.Texts("texts") : request.Texts("text");
        if (texts.Count == 0)
        {
            throw new RingRequestException("'text' or 'texts' is missing: say what is to be looked at.", "text");
        }

        var session = ring.Open(new RingContext("") { Messages = request.Messages("messages"), Nonce = Nonces.New(), Clock = guards.Clock });
        var role = stage is GuardStage.Input ? "user" : stage is GuardStage.ToolResult or GuardStage.Retrieval ? "tool" : "assistant";
        var ruling = await guards.Screen(session, [.. texts.Select((text, index) => new ScanUnit(stage, text) { Role = role, Trust = ScanUnit.TrustOf(role), MessageIndex = index })], left);
        var answer = Rulings.ToJson(ruling, ring.Policy);
        answer["texts"] = ruling.Stops ? null : new JsonArray([.. ruling.Texts(texts).Select(text => JsonValue.Create(text))]);
        return answer;
    }

    private static GuardStage StageOf(string? name) => GuardStages.ByKey.TryGetValue(name ?? "output", out var stage)
        ? stage
        : throw new RingRequestException($"'{name}' is no stage. Use one of {string.Join(", ", GuardStages.ByKey.Keys)}.", "stage");
}
