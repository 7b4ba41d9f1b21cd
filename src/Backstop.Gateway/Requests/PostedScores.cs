using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>Scores of an answer, as whoever knows them posts them.</summary>
/// <param name="RequestId">The <c>x-request-id</c> of the answer.</param>
/// <param name="Scores">By name.</param>
public sealed record PostedScores(string RequestId, IReadOnlyList<KeyValuePair<string, double>> Scores)
{
    private const int Most = 8;

    /// <summary>Reads <c>{"request_id", "signals": {name: number or true or false}}</c>.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair, or is not UTF-8.</exception>
    public static (PostedScores? Posted, ApiError? Flaw) Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, new() { AllowDuplicateProperties = false });
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return (null, ApiError.InvalidJson("it must be an object."));
        }

        if (!root.TryGetProperty("request_id", out var id) || id.ValueKind != JsonValueKind.String || id.GetString() is not { Length: > 0 } requestId)
        {
            return (null, ApiError.InvalidRequest("Say which answer: 'request_id' is its x-request-id header.", "request_id"));
        }

        if (!root.TryGetProperty("signals", out var signals) || signals.ValueKind != JsonValueKind.Object || signals.GetPropertyCount() is < 1 or > Most)
        {
            return (null, ApiError.InvalidRequest($"Say what is known of the answer: 'signals' is an object of 1 to {Most} numbers, such as {{\"helpful\": 0.8}}.", "signals"));
        }

        var scores = new List<KeyValuePair<string, double>>();
        foreach (var signal in signals.EnumerateObject())
        {
            if (ValueOf(signal.Value) is not { } value)
            {
                return (null, ApiError.InvalidRequest("A signal must be a number, or true or false.", "signals"));
            }

            scores.Add(new(signal.Name, value));
        }

        return (new(requestId, scores), null);
    }

    private static double? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number) => number,
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        _ => null,
    };
}
