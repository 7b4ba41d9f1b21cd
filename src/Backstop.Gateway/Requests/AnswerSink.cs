using System.Buffers;
using Backstop.Core.Registry;
using Backstop.Gateway.Observability;
using Backstop.Gateway.Signals;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>The caller's end of an answer. Until something was sent, the answer can still be asked of another release.</summary>
public sealed class AnswerSink(HttpResponse response, long generation, Trip? trip = null)
{
    private static readonly string EventStream = "text/event-stream; charset=utf-8";

    private bool _waiting;
    private Release? _named;

    /// <summary>What is read in the events as they leave; null when nothing is.</summary>
    public AnswerNumbers? Numbers { get; init; }

    /// <summary>Whether the caller has seen anything.</summary>
    public bool Started { get; private set; }

    /// <summary>Names the release whose answer follows. The last call before the first byte counts.</summary>
    public void Answers(Release release)
    {
        if (Started || ReferenceEquals(_named, release))
        {
            return;
        }

        _named = release;
        response.Headers["x-backstop-release"] = release.Name;
        response.Headers["x-backstop-generation"] = generation.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Adds a piece of a stream to what leaves with the next <see cref="Flush"/>, or at the answer's end.</summary>
    public void Stream(ReadOnlySpan<byte> bytes)
    {
        if (!Started)
        {
            Started = true;
            trip?.Begins();
            response.ContentType = EventStream;
            response.Headers.CacheControl = "no-cache";
        }

        Numbers?.SeeEvent(bytes);
        response.BodyWriter.Write(bytes);
        _waiting = true;
    }

    /// <summary>Sends a stream that is whole already.</summary>
    public Task Events(ReadOnlyMemory<byte> events, CancellationToken left)
    {
        Stream(events.Span);
        return Flush(left).AsTask();
    }

    /// <summary>Sends what was added.</summary>
    public async ValueTask Flush(CancellationToken left)
    {
        if (_waiting)
        {
            _waiting = false;
            await response.BodyWriter.FlushAsync(left);
        }
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
    public async Task Whole(int status, BodyBytes body, CancellationToken left)
    {
        Started = true;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.Memory.Length;
        await response.BodyWriter.WriteAsync(body.Memory, left);
        body.Return();
    }
}
