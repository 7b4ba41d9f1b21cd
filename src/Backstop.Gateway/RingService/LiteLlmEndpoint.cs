using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.RingService;

/// <summary><c>POST /beta/litellm_basic_guardrail_api</c>: what LiteLLM asks its generic guardrails.</summary>
internal static class LiteLlmEndpoint
{
    /// <summary>
    /// <c>input_type</c> chooses the stage; <c>additional_provider_specific_params.policy</c> the policy. The answer's action is
    /// <c>NONE</c>, <c>BLOCKED</c> with a reason, or <c>GUARDRAIL_INTERVENED</c> with the texts to go on with.
    /// </summary>
    public static async ValueTask<JsonObject> Answer(JsonObject request, RingDirectory rings, OutsideGuards guards, CancellationToken left)
    {
        var ring = rings.Require((request["additional_provider_specific_params"] as JsonObject)?.Text("policy"));
        var response = request.Text("input_type") switch
        {
            null or "request" => false,
            "response" => true,
            var other => throw new RingRequestException($"'input_type' is '{other}', not request or response.", "input_type"),
        };
        var texts = request.Texts("texts");
        var session = ring.Open(new RingContext("") { Messages = request.Messages("structured_messages"), Nonce = Nonces.New(), Clock = guards.Clock });
        var ruling = await guards.Screen(session, [.. texts.Select(text => response ? ScanUnit.Output(text) : ScanUnit.Input(text))], left);
        return ruling switch
        {
            { Stops: true } => new JsonObject { ["action"] = "BLOCKED", ["blocked_reason"] = Rulings.Reason(ruling, ring.Policy) },
            { FixedTexts.IsDefaultOrEmpty: true } => new JsonObject { ["action"] = "NONE" },
            _ => new JsonObject { ["action"] = "GUARDRAIL_INTERVENED", ["texts"] = new JsonArray([.. ruling.Texts(texts).Select(text => JsonValue.Create(text))]) },
        };
    }
}
