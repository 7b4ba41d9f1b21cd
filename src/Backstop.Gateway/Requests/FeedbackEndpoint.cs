using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Gateway.Signals;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Takes what callers learn about an answer later: <c>POST /v1/feedback</c>.</summary>
public sealed class FeedbackEndpoint(SignalRecorder signals)
{
    private const int MaxBytes = 64 * 1024;

    /// <param name="RequestId">The <c>x-request-id</c> of the answer.</param>
    /// <param name="Correct">Whether it was right.</param>
    /// <param name="Score">Instead: 0 to 1, right from 0.5 on.</param>
    /// <param name="Expected">What would have been right; kept redacted with a captured sample.</param>
    private sealed record Feedback(
        [property: JsonRequired, JsonPropertyName("request_id")] string RequestId,
        [property: JsonPropertyName("correct")] bool? Correct,
        [property: JsonPropertyName("score")] double? Score,
        [property: JsonPropertyName("expected")] string? Expected);

    public async Task Handle(HttpContext http)
    {
        var error = await Take(http);
        http.Response.StatusCode = error?.Status ?? StatusCodes.Status202Accepted;
        if (error is not null)
        {
            http.Response.ContentType = "application/json";
            await http.Response.Body.WriteAsync(error.ToJson(), http.RequestAborted);
        }
    }

    private async Task<ApiError?> Take(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBytes)
        {
            return ApiError.BodyTooLarge(MaxBytes);
        }

        Feedback? feedback;
        try
        {
            var body = new byte[MaxBytes + 1];
            var length = await http.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, http.RequestAborted);
            if (length > MaxBytes)
            {
                return ApiError.BodyTooLarge(MaxBytes);
            }

            feedback = JsonSerializer.Deserialize<Feedback>(body.AsSpan(0, length));
        }
        catch (JsonException e)
        {
            return ApiError.InvalidJson(e.Message);
        }

        if (feedback is null || (feedback.Correct is null && feedback.Score is not (>= 0 and <= 1)))
        {
            return ApiError.InvalidRequest("Say 'correct' (true or false) or 'score' (0 to 1).", "correct");
        }

        if (string.IsNullOrEmpty(feedback.RequestId))
        {
            return ApiError.InvalidRequest("Say which answer: 'request_id' is its x-request-id header.", "request_id");
        }

        var correct = feedback.Correct ?? feedback.Score >= 0.5;
        return signals.Labelled(feedback.RequestId, correct, feedback.Expected) ? null : ApiError.UnknownRequest(feedback.RequestId);
    }
}
