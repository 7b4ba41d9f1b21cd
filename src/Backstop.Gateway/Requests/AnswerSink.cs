using Backstop.Core.Registry;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>The caller's end of an answer. Until something was sent, the answer can still be asked of another release.</summary>
public sealed class AnswerSink(HttpResponse response, long generation)
{
    private static readonly string EventStream = "text/event-stream; charset=utf-8";

    /// <summary>Whether the caller has seen anything.</summary>
    public bool Started { get; private set; }

    /// <summary>Names the release whose answer follows. The last call before the first byte counts.</summary>
    public void Answers(Release release)
    {
        if (Started)
        {
            return;
        }

        response.Headers["x-backstop-release"] = release.Name;
        response.Headers["x-backstop-generation"] = generation.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Sends a piece of a stream, at once.</summary>
    public async Task Stream(ReadOnlyMemory<byte> bytes, CancellationToken left)
    {
        if (!Started)
        {
            Started = true;
            response.ContentType = EventStream;
            response.Headers.CacheControl = "no-cache";
        }

        await response.Body.WriteAsync(bytes, left);
        await response.Body.FlushAsync(left);
    }

    /// <summary>Sends the model server's own refusal.</summary>
    public Task Refusal(Screened.Refused refused, CancellationToken left)
    {
        if (refused.RetryAfter is { } after)
        {
            response.Headers.RetryAfter = after;
        }

        response.Headers["x-backstop-error"] = ApiError.UpstreamRefused(refused.Status).Code;
        return Whole(refused.Status, refused.Body, left);
    }

    /// <summary>Sends a whole answer.</summary>
    public async Task Whole(int status, ReadOnlyMemory<byte> body, CancellationToken left)
    {
        Started = true;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, left);
    }
}
