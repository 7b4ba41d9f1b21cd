using System.Text.Json;
using Backstop.Gateway.Access;
using Backstop.Gateway.Signals;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Requests;

/// <summary>Takes what callers learn about an answer later: <c>POST /v1/feedback</c> and <c>POST /v1/signals</c>.</summary>
public sealed class FeedbackEndpoint(GatewayOptions options, LiveKeys keys, SignalRecorder signals, TimeProvider clock, ILogger<FeedbackEndpoint> log)
{
    private const int MaxBytes = 64 * 1024;

    /// <summary>Whether it was right.</summary>
    public Task Label(HttpContext http) => Handle(http, Label);

    /// <summary>How it is scored.</summary>
    public Task Score(HttpContext http) => Handle(http, Score);

    private ApiError? Label(ReadOnlyMemory<byte> body, Guest guest)
    {
        var (feedback, flaw) = Feedback.Read(body);
        return flaw ?? (signals.Labelled(feedback!.RequestId, feedback.Correct, feedback.Expected, guest.MayCall)
            ? null
            : ApiError.UnknownRequest(feedback.RequestId));
    }

    private ApiError? Score(ReadOnlyMemory<byte> body, Guest guest)
    {
        var (posted, flaw) = PostedScores.Read(body);
        return flaw ?? signals.Scored(posted!.RequestId, posted.Scores, guest.MayCall) switch
        {
            (false, _, _) => ApiError.UnknownRequest(posted.RequestId),
            (_, { } unknown, var known) => ApiError.UnknownSignal(unknown, known),
            _ => null,
        };
    }

    private async Task Handle(HttpContext http, Func<ReadOnlyMemory<byte>, Guest, ApiError?> take)
    {
        var id = RequestId.Of(http.Request);
        http.Response.Headers["x-request-id"] = id;
        try
        {
            if (await Take(http, take) is { } error)
            {
                await http.Refuse(error);
                return;
            }

            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
        catch (Exception e) when (ApiErrors.Of(e) is { } error)
        {
            await http.Refuse(error);
        }
        catch (Exception e)
        {
            GatewayLog.FeedbackFailed(log, e, id);
            await http.Refuse(ApiError.Unexpected());
        }
    }

    private async Task<ApiError?> Take(HttpContext http, Func<ReadOnlyMemory<byte>, Guest, ApiError?> take)
    {
        if (keys.Refuse(http.Request, out var guest) is { } stranger)
        {
            return stranger;
        }

        using var time = new RequestTime(options.RequestDeadline, clock, http.RequestAborted);
        if (http.Request.ContentLength > MaxBytes
            || await BoundedBody.Read(http.Request.Body, MaxBytes, http.Request.ContentLength, time, options.RequestDeadline) is not { } body)
        {
            return ApiError.BodyTooLarge(MaxBytes);
        }

        try
        {
            var error = take(body.Memory, guest);
            body.Return();
            return error;
        }
        catch (JsonException e)
        {
            return ApiError.InvalidJson(e.Message);
        }
        catch (InvalidOperationException)
        {
            return ApiError.InvalidJson("a string holds half a surrogate pair.");
        }
    }
}
