using System.Buffers;
using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Core.Routing;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Requests;

/// <summary>The path of a request, in order: admit, resolve, screen, dispatch, screen, observe, relay.</summary>
public sealed class RequestPath(
    GatewayOptions options, LiveRoutes routes, Upstream upstream, WholeAnswer whole, StreamedAnswer streamed,
    SignalRecorder signals, ILogger<RequestPath> log)
{
    public async Task Handle(HttpContext http)
    {
        var id = RequestId.Of(http.Request);
        var left = http.RequestAborted;
        http.Response.Headers["x-request-id"] = id;
        PendingRequest? pending = null;
        try
        {
            // 1. Admit.
            var (request, refused) = await Admit(http.Request, left);
            if (request is null)
            {
                await Refuse(http, refused!, left);
                return;
            }

            // 2. Resolve: the table is read once, so one request sees one generation.
            var table = routes.Current;
            if (!table.Routes.Routes.TryGetValue(request.Model!, out var route))
            {
                await Refuse(http, ApiError.UnknownAlias(request.Model!), left);
                return;
            }

            var unit = http.Request.Headers.TryGetValue("x-backstop-unit", out var named) ? named.ToString() : id;
            var leaseIsLive = routes.LeaseIsLive(route, table);
            var assignment = route.Assign(unit, leaseIsLive);
            var pool = table.Pool(assignment.Release);
            pending = signals.Assigned(id, route, assignment, isEvidence: leaseIsLive);
            var sink = new AnswerSink(http.Response, route.Generation);
            sink.Answers(pool.Release);

            // 3. Screen the input.
            var context = new RingContext(route.Alias) { Messages = request.Texts };
            var input = pool.Ring.Open(context).ScreenInput(request.Texts);
            var attack = (input.Harms & HarmClass.Injection) != HarmClass.None;
            if (input.Stops)
            {
                signals.Answered(pending, attack, Outcome.InputBlocked, Served.SafeText, sample: null);
                await Refuse(http, ApiError.InputBlocked(input.SafeText ?? GuardPolicy.DefaultBlockedResponse), left);
                return;
            }

            // 4 and 5. Dispatch, and screen what comes back.
            var answer = await Ask(request, pool, id, http.Request, context, sink, left);
            var reasked = default(Screened);
            if (answer is not Screened.Deliverable && !sink.Started && Alternative(route, assignment) is { } other)
            {
                // The user gets a good answer; the release that failed keeps the failure on its record.
                reasked = await Ask(request, table.Pool(other), id, http.Request, context, sink, left);
            }

            // 6. Observe, before the last byte leaves: feedback may follow it at once.
            Observe(pending, attack, answer, reasked, request);

            // 7. Relay. A stream that has begun is with the caller already.
            var final = reasked is Screened.Deliverable ? reasked : answer;
            sink.Answers(reasked is Screened.Deliverable ? table.Pool(Alternative(route, assignment)!).Release : pool.Release);
            await Relay(http, final, route.Alias, request.Stream, sink, left);
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            // A caller who leaves is not a failure of the release.
            Abandon(pending, Outcome.Unlabelled);
        }
        catch (Exception e)
        {
            GatewayLog.Unexpected(log, e, id);
            Abandon(pending, Outcome.Error);
            await Refuse(http, ApiError.Unexpected(), left);
        }
    }

    // An assigned request that ended early must still be counted, or its epoch would wait for it.
    private void Abandon(PendingRequest? pending, Outcome outcome)
    {
        if (pending is not null)
        {
            signals.Answered(pending, attack: false, outcome, Served.Failed, sample: null);
        }
    }

    private async Task<(ChatRequest? Request, ApiError? Refused)> Admit(HttpRequest request, CancellationToken left)
    {
        if (request.ContentLength > options.MaxBodyBytes)
        {
            return (null, ApiError.BodyTooLarge(options.MaxBodyBytes));
        }

        var body = new ArrayBufferWriter<byte>((int)(request.ContentLength ?? 4096) + 1);
        int read;
        while ((read = await request.Body.ReadAsync(body.GetMemory(1024), left)) > 0)
        {
            body.Advance(read);
            if (body.WrittenCount > options.MaxBodyBytes)
            {
                return (null, ApiError.BodyTooLarge(options.MaxBodyBytes));
            }
        }

        try
        {
            var chat = ChatRequest.Read(body.WrittenMemory);
            return chat switch
            {
                { Model: null or "" } => (null, ApiError.MissingModel()),
                { MessagesStart: < 0 } => (null, ApiError.InvalidRequest("The 'messages' field is missing or not an array.", "messages")),
                _ => (chat, null),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not valid UTF-8 or holds half a surrogate pair.
            return (null, ApiError.InvalidJson(e is JsonException ? e.Message : "a string is not valid UTF-8."));
        }
    }

    private async Task<Screened> Ask(
        ChatRequest request, ReleasePool pool, string id, HttpRequest caller, RingContext context, AnswerSink sink, CancellationToken left)
    {
        signals.Started(request.Model!, pool.Release.Digest);
        var result = await upstream.Send(pool, UpstreamBody.For(request, pool.Release), id, caller.Headers, left);
        if (result is not UpstreamResult.Answering answering)
        {
            var error = result is UpstreamResult.Failed failed ? failed.Error : ((UpstreamResult.Unreachable)result).Error;
            GatewayLog.UpstreamFailed(log, pool.Release.Name, id, error.Code);
            return new Screened.Failed(error, Unreachable: result is UpstreamResult.Unreachable);
        }

        using (answering)
        {
            if (request.Stream && answering.Response.IsSuccessStatusCode)
            {
                sink.Answers(pool.Release);
                return await streamed.Relay(answering, pool, context, sink, left);
            }

            return await whole.Read(answering, pool, context, left);
        }
    }

    /// <summary>The warm release that answers instead: the trusted side of the split. None stands in for the trusted side.</summary>
    private static string? Alternative(Route route, Assignment assignment) => assignment.Arm switch
    {
        Arm.Candidate => route.Current,
        Arm.Baseline when route.HoldbackBasisPoints > 0 => route.Previous,
        _ => null,
    };

    private static Task Relay(HttpContext http, Screened answer, string alias, bool stream, AnswerSink sink, CancellationToken left) => answer switch
    {
        _ when sink.Started => Task.CompletedTask,
        Screened.Deliverable ok => sink.Whole(ok.Status, ok.Body, left),
        Screened.Blocked blocked when stream => sink.Stream(blocked.SafeBody, left),
        Screened.Blocked blocked => sink.Whole(200, blocked.SafeBody, left),
        Screened.Failed { Passed: { } body } failed when failed.Status < 500 => sink.Whole(failed.Status, body, left),
        Screened.Failed { Unreachable: true } => Refuse(http, ApiError.NoWarmRelease(alias), left),
        Screened.Failed failed => Refuse(http, failed.Error, left),
        _ => Task.CompletedTask,
    };

    private void Observe(PendingRequest pending, bool attack, Screened answer, Screened? reasked, ChatRequest request)
    {
        var served = (answer, reasked) switch
        {
            (_, Screened.Deliverable) => Served.Reasked,
            (Screened.Deliverable, _) => Served.Unlabelled,
            (Screened.Blocked, _) => Served.SafeText,
            _ => Served.Failed,
        };
        var text = answer switch
        {
            Screened.Deliverable ok => ok.Text,
            Screened.Blocked blocked => blocked.Text,
            _ => null,
        };
        var sample = pending.Route.CaptureSamples && text is not null ? Redaction.Of(request.Texts, text, attack) : null;
        signals.Answered(pending, attack, answer.Outcome, served, sample);
    }

    private static async Task Refuse(HttpContext http, ApiError error, CancellationToken left)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = error.Status;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(error.ToJson(), left);
    }
}
