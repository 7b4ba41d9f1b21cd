using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>What a caller learned about an answer.</summary>
/// <param name="RequestId">The <c>x-request-id</c> of the answer.</param>
/// <param name="Correct">Whether it was right; a score of 0.5 or more is.</param>
/// <param name="Expected">What would have been right; kept redacted with a captured sample.</param>
public sealed record Feedback(string RequestId, bool Correct, string? Expected)
{
    /// <summary>Reads <c>{"request_id", "correct" or "score", "expected"?}</c>.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair, or is not UTF-8.</exception>
    public static (Feedback? Feedback, ApiError? Flaw) Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body, new() { AllowDuplicateProperties = false });
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            return (null, ApiError.InvalidJson("it must be an object."));
        }

        if (Member(root, "request_id") is not { ValueKind: JsonValueKind.String } id || id.GetString() is not { Length: > 0 } requestId)
        {
            return (null, ApiError.InvalidRequest("Say which answer: 'request_id' is its x-request-id header.", "request_id"));
        }

        var correct = Member(root, "correct") switch
        {
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            null when Member(root, "score") is { ValueKind: JsonValueKind.Number } score
                && score.TryGetDouble(out var value) && value is >= 0 and <= 1 => value >= 0.5,
            _ => (bool?)null,
        };
        if (correct is not { } known)
        {
            return (null, ApiError.InvalidRequest("Say 'correct' (true or false) or 'score' (0 to 1).", "correct"));
        }

        return Member(root, "expected") switch
        {
            null => (new(requestId, known, null), null),
            { ValueKind: JsonValueKind.String } expected => (new(requestId, known, expected.GetString()), null),
            _ => (null, ApiError.InvalidRequest("The 'expected' field must be a string.", "expected")),
        };
    }

    private static JsonElement? Member(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
