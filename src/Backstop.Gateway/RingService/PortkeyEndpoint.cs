using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.RingService;

/// <summary><c>POST /v1/guard/portkey</c>: the webhook of Portkey's gateway, before a request and after an answer.</summary>
internal static class PortkeyEndpoint
{
    /// <summary>
    /// <c>eventType</c> says which of <c>request</c> and <c>response</c> is looked at; <c>metadata.policy</c> chooses the policy. The
    /// verdict is false when the text must stop; what was changed stands in <c>transformedData</c>.
    /// </summary>
    public static async ValueTask<JsonObject> Answer(JsonObject body, RingDirectory rings, OutsideGuards guards, CancellationToken left)
    {
        var ring = rings.Require((body["metadata"] as JsonObject)?.Text("policy"));
        var after = body.Text("eventType") switch
        {
            "beforeRequestHook" => false,
            "afterRequestHook" => true,
            var other => throw new RingRequestException($"'eventType' is '{other}', not beforeRequestHook or afterRequestHook.", "eventType"),
        };
        var (side, request) = (after ? "response" : "request", (body["request"] as JsonObject)?["json"] as JsonObject);
        var document = ((body[side] as JsonObject)?["json"] as JsonObject)?.DeepClone() as JsonObject
            ?? throw new RingRequestException($"'{side}.json' is missing.", $"{side}.json");
        var places = (after ? AnswerTexts(document) : RequestTexts(document)).ToList();
        var session = ring.Open(new RingContext("") { Messages = request?.Messages("messages") ?? [], Nonce = Nonces.New(), Clock = guards.Clock });
        var ruling = await guards.Screen(session, [.. places.Select(text => after ? ScanUnit.Output(text.Place.Read()) : ScanUnit.Input(text.Place.Read(), text.Role))], left);
        var answer = new JsonObject { ["verdict"] = !ruling.Stops, ["data"] = Rulings.ToJson(ruling, ring.Policy) };
        if (!ruling.Stops && !ruling.FixedTexts.IsDefaultOrEmpty)
        {
            foreach (var (place, text) in places.Zip(ruling.FixedTexts).Where(pair => pair.Second is not null))
            {
                place.Place.Write(text!);
            }

            answer["transformedData"] = new JsonObject { [side] = new JsonObject { ["json"] = document } };
        }

        return answer;
    }

    private static IEnumerable<(TextPlace Place, string Role)> RequestTexts(JsonObject request) => request["messages"] is JsonArray messages
        ? messages.OfType<JsonObject>().SelectMany(message => RingRequest.ContentTexts(message).Select(place => (place, message.Text("role") ?? "user")))
        : request["prompt"] is JsonValue ? [(new TextPlace(request, "prompt"), "user")] : [];

    private static IEnumerable<(TextPlace Place, string Role)> AnswerTexts(JsonObject response) => response["choices"] is not JsonArray choices
        ? []
        : choices.OfType<JsonObject>().SelectMany(choice => choice["message"] is JsonObject message
            ? RingRequest.ContentTexts(message)
            : choice["text"] is JsonValue ? [new TextPlace(choice, "text")] : []).Select(place => (place, "assistant"));
}
