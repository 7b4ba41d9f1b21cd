using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Core.Routing;
using Backstop.Gateway.Access;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Limits;
using Backstop.Gateway.Observability;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Shadows;
using Backstop.Gateway.Signals;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Requests;

/// <summary>The path of a request, in order, whatever dialect it is written in: admit, resolve, screen, dispatch, screen, observe, relay.</summary>
public sealed class RequestPath(
    GatewayOptions options, LiveKeys keys, LiveRoutes routes, Upstream upstream, WholeAnswer whole, StreamedAnswer streamed,
    SignalRecorder signals, ShadowQueue shadows, WholeGateway all, Telemetry telemetry, Drain drain, TimeProvider clock, ILogger<RequestPath> log)
{
    // Nobody is told this status: the caller left before there was one.
    private const int StatusOfTheGone = 499;

    private static readonly string[] Arms = [.. Enum.GetNames<Arm>().Select(arm => arm.ToLowerInvariant())];

    public async Task Handle(HttpContext http, Dialect dialect)
    {
        var id = RequestId.Of(http.Request);
        using var time = new RequestTime(options.RequestDeadline, clock, http.RequestAborted);
        http.Response.Headers["x-request-id"] = id;
        if (drain.HasBegun)
        {
            http.Response.Headers.Connection = "close"; // The next request of this caller must find another gateway.
        }

        var trip = Telemetry.Begin(http.Request, dialect);
        PendingRequest? pending = null;
        Admission.Permit permit = default;
        var attack = false;
        if (all.Begin() is { } full)
        {
            await http.Refuse(full, dialect.Errors);
            telemetry.End(trip, full.Status, full.Code, id);
            return;
        }

        try
        {
            // 1. Admit.
            var (request, refused) = await Admit(http, dialect, time);
            if (request is null)
            {
                await http.Refuse(refused!, dialect.Errors);
                return;
            }

            // 2. Resolve: the table is read once, so one request sees one generation.
            var table = routes.Current;
            if (!table.Routes.Routes.TryGetValue(request.Alias!, out var route))
            {
                await http.Refuse(ApiError.UnknownAlias(request.Alias!), dialect.Errors);
                return;
            }

            trip.Alias = route.Alias;
            if (!table.Speaks(route, dialect))
            {
                await http.Refuse(ApiError.WrongProtocol(route.Alias, table.Pool(route.Current).Release.Serving.Protocol), dialect.Errors);
                return;
            }

            if (table.Admission(route.Alias).Enter(http, route, out permit) is { } excess)
            {
                await http.Refuse(excess, dialect.Errors);
                return;
            }

            if (InputDesk.Admit(signals, http.Request, request, route) is { } broken)
            {
                await http.Refuse(broken, dialect.Errors);
                return;
            }

            var leaseIsLive = routes.LeaseIsLive(route, table);
            var unit = Unit.Of(http.Request, request, route, id);
            var assignment = route.Assign(unit, leaseIsLive);
            if (http.Request.Headers.TryGetValue("x-backstop-release", out var wish)
                && TesterChoice.Of(route, table, wish.ToString(), ref assignment) is { } unavailable)
            {
                await http.Refuse(unavailable, dialect.Errors);
                return;
            }

            var pool = table.First(route, assignment);
            pending = signals.Assigned(id, route, assignment, isEvidence: leaseIsLive && assignment.Variant is null && table.SplitHolds(route));
            (trip.Release, trip.Arm) = (pool.Release.Name, assignment.Variant ?? Arms[(int)assignment.Arm]);
            var sink = new AnswerSink(http.Response, route.Generation, trip);
            sink.Answers(pool.Release);
            if (assignment.Variant is { } variant)
            {
                http.Response.Headers["x-backstop-arm"] = variant;
            }

            // 3. Screen the input.
            var receiver = Copy.ReceiverOf(route, unit);
            var asked = new Asked(request, route, id, http.Request, sink, time) { IsCopied = receiver is not null, Trip = trip };
            var input = asked.ScreenedBy(pool);
            attack = (input.Harms & HarmClass.Injection) != HarmClass.None;
            if (input.Stops || pool.CannotRead(request))
            {
                signals.Answered(pending, attack, Outcome.InputBlocked, Served.SafeText, sample: null);
                await http.Refuse(
                    input.Stops ? ApiError.InputBlocked(Screened.SafeTextOf(input), dialect.TextMember) : ApiError.Tokens(dialect.TextMember),
                    dialect.Errors);
                return;
            }

            // 4 and 5. Dispatch, and screen what comes back.
            var answer = await Ask(asked, pool, input.FixedTexts);
            var (standIn, by) = answer switch
            {
                _ when sink.Started => (null, null),
                Screened.Failed { Replaced: true } => await AskNow(asked),
                Screened.Blocked or Screened.Failed => await AskOthers(asked, table, Succession.After(route, assignment).Remove(pool.Release.Digest)),
                _ => (null, null),
            };

            // 6. Observe, before the last byte leaves: feedback may follow it at once.
            Observe(pending, attack, answer, standIn, request, trip);

            // 7. Relay. A stream that has begun is with the caller already.
            sink.Answers((by ?? pool).Release);
            trip.Release = (by ?? pool).Release.Name;
            await Relay(http, answer, standIn, asked, route.Traffic);

            // A copy leaves when its user has everything; until it was asked, the body is not given back.
            if (receiver is not null)
            {
                Shadow(asked, table.Pool(receiver), attack, standIn as Screened.Deliverable ?? answer);
            }
            else
            {
                request.Body.Return();
            }
        }
        catch (Exception) when (time.Left.IsCancellationRequested)
        {
            // A caller who leaves is not a failure of the release.
            Abandon(pending, attack, Outcome.Unlabelled);
        }
        catch (Exception e) when (pending is null && ApiErrors.Of(e) is { } error)
        {
            await http.Refuse(error, dialect.Errors);
        }
        catch (Exception e)
        {
            GatewayLog.Unexpected(log, e, id);
            Abandon(pending, attack, Outcome.Error);
            await http.Refuse(ApiError.Unexpected(), dialect.Errors);
        }
        finally
        {
            permit.Dispose();
            all.End();
            telemetry.End(trip, time.Left.IsCancellationRequested ? StatusOfTheGone : http.Response.StatusCode, ErrorOf(http), id);
        }
    }

    private static string? ErrorOf(HttpContext http) =>
        http.Response.Headers.TryGetValue("x-backstop-error", out var code) ? code.ToString() : null;

    private void Shadow(Asked asked, ReleasePool pool, bool attack, Screened answer)
    {
        if (pool.IsDropped || !pool.Speaks(asked.Request.Dialect) || pool.CannotRead(asked.Request))
        {
            return;
        }

        var length = asked.Request.Body.Memory.Length;
        shadows.Offer(new(asked.Route, pool, length, attack, answer.Outcome, ShadowQueue.TextOf(answer), asked.Time.Elapsed, async stopping =>
        {
            // Its answer goes nowhere, its time is its own, and the caller's connection is somebody else's by now.
            var nowhere = new DefaultHttpContext();
            using var time = new RequestTime(options.RequestDeadline, clock, stopping);
            var copy = asked with { Caller = nowhere.Request, Sink = new(nowhere.Response, asked.Route.Generation), Time = time, Trip = null };
            var input = copy.ScreenedBy(pool);
            return input.Stops ? new Screened.Blocked(null, "", input) : await Ask(copy, pool, input.FixedTexts);
        }));
    }

    // An assigned request that ended early must still be counted, or its epoch would wait for it.
    private void Abandon(PendingRequest? pending, bool attack, Outcome outcome)
    {
        if (pending is not null)
        {
            signals.Answered(pending, attack, outcome, Served.Failed, sample: null);
        }
    }

    private async Task<(ModelRequest? Request, ApiError? Refused)> Admit(HttpContext http, Dialect dialect, RequestTime time)
    {
        if (keys.Refuse(http.Request, out var guest) is { } stranger)
        {
            return (null, stranger);
        }

        if (dialect.FlawOf(http.Request.Headers) is { } unservable)
        {
            return (null, unservable);
        }

        if (http.Request.Headers.ContentEncoding.ToString() is not ("" or "identity"))
        {
            return (null, ApiError.EncodedBody());
        }

        if (http.Request.ContentLength > options.MaxBodyBytes)
        {
            return (null, ApiError.BodyTooLarge(options.MaxBodyBytes));
        }

        // The gateway's own limit decides, not the server's, which may be lower and speaks in its own words.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        if (await BoundedBody.Read(http.Request.Body, options.MaxBodyBytes, time, options.RequestDeadline) is not { } body)
        {
            return (null, ApiError.BodyTooLarge(options.MaxBodyBytes));
        }

        try
        {
            var request = ModelRequest.Read(body, dialect, http.GetRouteValue("alias") as string);
            return request.Flaw is { } flaw ? (null, flaw)
                : guest.MayCall(request.Alias!) ? (request, null)
                : (null, ApiError.AliasForbidden(request.Alias!));
        }
        catch (JsonException e)
        {
            return (null, ApiError.InvalidJson(e.Message));
        }
        catch (InvalidOperationException)
        {
            return (null, ApiError.InvalidJson("a string holds half a surrogate pair."));
        }
    }

    private async Task<Screened> Ask(Asked asked, ReleasePool pool, ImmutableArray<string?> fixedTexts)
    {
        var dialect = asked.Request.Dialect;
        if (!pool.Speaks(dialect))
        {
            // Its alias is asked in this dialect and was answered so by another release: the release is what does not fit.
            return Noted(new Screened.Failed(ApiError.UpstreamError($"it speaks {pool.Release.Serving.Protocol}.")), pool, asked.Id);
        }

        if (!pool.IsDropped)
        {
            signals.Started(asked.Request.Alias!, pool.Release.Digest);
        }

        asked.Time.Keep(asked.Route.Traffic.Timeouts.Or(pool.Release.Serving.Timeouts).Or(options.Timeouts));
        var answer = await AskReplicas(asked, pool, UpstreamBody.For(asked.Request, pool.Parts, fixedTexts));

        // An answer of the wrong form is often right the second time. The first one stays on the release's record.
        var (first, reasking) = (answer, new Reasking(dialect.IsConversation ? pool.Ring.Policy.MostReasks : 0));
        while (answer is Screened.Blocked blocked && !asked.Sink.Started && reasking.RemarkOn(blocked.Ruling) is { } remark)
        {
            var again = await AskReplicas(asked, pool, UpstreamBody.For(asked.Request, pool.Parts, fixedTexts, new(blocked.Text, remark)));
            answer = again is Screened.Deliverable better ? better with { Recorded = first.Outcome } : again is Screened.Blocked ? again : answer;
            if (ReferenceEquals(answer, blocked))
            {
                break;
            }
        }

        return Noted(answer, pool, asked.Id);
    }

    private async Task<Screened> AskReplicas(Asked asked, ReleasePool pool, UpstreamBody body)
    {
        var attempts = new Attempts(pool, Random.Shared);
        Screened answer = new Screened.Failed(ApiError.UpstreamError("it was dropped at this gateway."), Unreachable: true);
        while (await Attempt(asked, pool, attempts, body) is { } next)
        {
            answer = next;
            if (answer is not Screened.Failed { BrokeOff: true } || asked.Sink.Started)
            {
                break;
            }
        }

        return answer;
    }

    /// <summary>Asks one replica, or the next one that is there; null when none is left to be asked.</summary>
    private async Task<Screened?> Attempt(Asked asked, ReleasePool pool, Attempts attempts, UpstreamBody body)
    {
        var dialect = asked.Request.Dialect;
        var result = await upstream.Send(pool, attempts, replica => replica.AddressFor(dialect), body, asked.Id, asked.Caller.Headers, asked.Time, asked.Trip);
        if (result is null)
        {
            return null;
        }

        if (result is not UpstreamResult.Answering answering)
        {
            var error = result is UpstreamResult.Failed failed ? failed.Error : ((UpstreamResult.Unreachable)result).Error;
            return new Screened.Failed(error, Unreachable: result is UpstreamResult.Unreachable);
        }

        using (answering)
        {
            var isStream = asked.Request.Stream && dialect.Choices is not null && answering.Response.IsSuccessStatusCode;
            if (isStream)
            {
                asked.Sink.Answers(pool.Release); // The headers leave with the first text.
            }

            var answer = isStream
                ? await Stream(answering, pool, asked)
                : await whole.Read(answering, asked.OpenRing(pool), dialect, asked.Time);
            if (answer is Screened.Failed { Replaced: false })
            {
                answering.Replica.Failed();
            }
            else
            {
                answering.Replica.Succeeded();
            }

            return answer;
        }
    }

    private async Task<Screened> Stream(UpstreamResult.Answering answering, ReleasePool pool, Asked asked)
    {
        using var open = routes.Current.Streams(asked.Request.Alias!).Begin(pool.Release.Digest);
        return await streamed.Relay(answering, asked.OpenRing(pool), asked.Request.Dialect.Choices!, asked.Sink, asked.Time, open);
    }

    /// <summary>Asks those who stand in, until one gives an answer. The user gets a good answer; the release that failed keeps the failure on its record.</summary>
    /// <returns>The answer and who gave it; or the last that was none, and nobody.</returns>
    private async Task<(Screened? Answer, ReleasePool? By)> AskOthers(Asked asked, ServingTable table, ImmutableArray<string> others)
    {
        Screened? last = null;
        foreach (var other in others)
        {
            var pool = table.Pool(other);

            // Each release gets the texts as its own ring leaves them: the policy of the one that failed may be what is wrong with it.
            var input = asked.ScreenedBy(pool);
            if (input.Stops || pool.CannotRead(asked.Request))
            {
                continue;
            }

            last = await Ask(asked, pool, input.FixedTexts);
            if (last is Screened.Deliverable || asked.Sink.Started)
            {
                return (last, pool);
            }
        }

        return (last, null);
    }

    /// <summary>Asks the release that took the place of one that was swapped out before it said anything.</summary>
    private Task<(Screened? Answer, ReleasePool? By)> AskNow(Asked asked)
    {
        var table = routes.Current;
        return table.Routes.Routes.TryGetValue(asked.Request.Alias!, out var route)
            ? AskOthers(asked, table, [route.Current])
            : Task.FromResult<(Screened?, ReleasePool?)>((null, null));
    }

    private Screened Noted(Screened answer, ReleasePool pool, string id)
    {
        if (answer is Screened.Failed failed)
        {
            GatewayLog.UpstreamFailed(log, pool.Release.Name, id, failed.Error.Code);
        }

        return answer;
    }

    private static Task Relay(HttpContext http, Screened answer, Screened? standIn, Asked asked, TrafficPolicy policy) => (answer, standIn) switch
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
        return asked.Request.Stream
            ? asked.Sink.Events(answer, asked.Time.Left)
            : asked.Sink.Whole(StatusCodes.Status200OK, BodyBytes.Own(answer), asked.Time.Left);
    }

    private void Observe(PendingRequest pending, bool attack, Screened answer, Screened? standIn, ModelRequest request, Trip trip)
    {
        var served = (answer, standIn) switch
        {
            (_, Screened.Deliverable) => Served.Reasked,
            (Screened.Deliverable, _) => Served.Unlabelled,
            (Screened.Blocked, _) => Served.SafeText,
            _ => Served.Failed,
        };
        trip.Served = served.ToString().ToLowerInvariant();
        var text = answer switch
        {
            Screened.Deliverable ok => ok.Text,
            Screened.Blocked blocked => blocked.Text,
            _ => null,
        };
        var sample = pending.Route.CaptureSamples && request.Dialect.IsConversation && text is not null ? Redaction.Of(request.Texts, text, attack) : null;
        signals.Answered(pending, attack, answer.Outcome, served, sample);
    }

    /// <summary>What stays the same whichever release is asked.</summary>
    private sealed record Asked(ModelRequest Request, Route Route, string Id, HttpRequest Caller, AnswerSink Sink, RequestTime Time)
    {
        /// <summary>Whether another release will be asked the same, to compare the answers.</summary>
        public bool IsCopied { get; init; }

        /// <summary>What is told of it; null for a copy.</summary>
        public Trip? Trip { get; init; }

        private RingContext Context => field ??= new(Route.Alias) { Messages = Request.Texts };

        /// <summary>What a release's ring says to the request.</summary>
        public Ruling ScreenedBy(ReleasePool pool) => pool.Looks ? pool.Ring.Open(Context).ScreenInput(Request.Texts) : Ruling.Clean;

        /// <summary>The ring for a release's answer; null when nobody looks at it, neither to stop it nor to keep or compare it.</summary>
        public RingSession? OpenRing(ReleasePool pool) => pool.Looks || Route.CaptureSamples || IsCopied ? pool.Ring.Open(Context) : null;
    }
}
