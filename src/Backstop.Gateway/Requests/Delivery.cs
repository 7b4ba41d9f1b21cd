using Backstop.Core.Routing;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>What the caller gets for what the releases answered.</summary>
internal static class Delivery
{
    /// <summary>Sends the answer, or who stands in for it; a stream that has begun is with the caller already.</summary>
    public static Task Relay(HttpContext http, Screened answer, Screened? standIn, Asked asked, TrafficPolicy policy) => (answer, standIn) switch
    {
        _ when asked.Sink.Started => Task.CompletedTask,
        (_, Screened.Deliverable { Body: { } body } ok) => asked.Sink.Whole(ok.Status, body, asked.Time.Left),
        (Screened.Deliverable { Body: { } body } ok, _) => asked.Sink.Whole(ok.Status, body, asked.Time.Left),
        (Screened.Blocked { SafeBody: null } blocked, _) => http.Refuse(ApiError.OutputBlocked(blocked.SafeText), asked.Request.Dialect.Errors),
        (Screened.Blocked blocked, _) when asked.Request.Stream => asked.Sink.Events(blocked.SafeBody, asked.Time.Left),
        (Screened.Blocked blocked, _) => asked.Sink.Whole(StatusCodes.Status200OK, BodyBytes.Own(blocked.SafeBody), asked.Time.Left),
        (Screened.Failed, not Screened.Deliverable) when Canned(asked, policy) is { } canned => SendCanned(http, canned, asked),
        (Screened.Refused refused, _) => asked.Sink.Refusal(refused, asked.Time.Left),
        (Screened.Failed { Unreachable: true }, null or Screened.Failed { Unreachable: true }) =>
            http.Refuse(ApiError.NoWarmRelease(asked.Request.Alias!), asked.Request.Dialect.Errors),
        (Screened.Failed failed, _) => http.Refuse(failed.Error, asked.Request.Dialect.Errors),
        _ => Task.CompletedTask,
    };

    private static byte[]? Canned(Asked asked, TrafficPolicy policy) =>
        policy.Fallbacks is [.., Fallback.ToText words] ? CannedAnswer.Of(asked.Request, words.Text, asked.Id) : null;

    private static Task SendCanned(HttpContext http, byte[] answer, Asked asked)
    {
        // No release answered, so none is named.
        http.Response.Headers.Remove("x-backstop-release");
        http.Response.Headers["x-backstop-fallback"] = "text";
        return Words(answer, asked);
    }

    /// <summary>Sends an answer that no model gave, whole or streamed as it was asked for.</summary>
    public static Task Words(byte[] answer, Asked asked) => asked.Request.Stream
        ? asked.Sink.Events(answer, asked.Time.Left)
        : asked.Sink.Whole(StatusCodes.Status200OK, BodyBytes.Own(answer), asked.Time.Left);
}
