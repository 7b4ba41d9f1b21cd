using System.Runtime.CompilerServices;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Core.Routing;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Limits;
using Backstop.Gateway.Observability;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Shadows;
using Backstop.Gateway.Signals;
using Backstop.Gateway.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Requests;

/// <summary>The path of a request, in order, whatever dialect it is written in: admit, resolve, screen, dispatch, screen, observe, relay.</summary>
internal sealed class RequestPath(
    GatewayOptions options, Entrance entrance, LiveRoutes routes, Dispatch dispatch, OutsideGuards guards, SignalRecorder signals, Scoring scoring, ShadowQueue shadows,
    WholeGateway all, Telemetry telemetry, Drain drain, RequestTimes times, ILogger<RequestPath> log)
{
    // Nobody is told this status: the caller left before there was one.
    private const int StatusOfTheGone = 499;

    private static readonly string[] Arms = [.. Enum.GetNames<Arm>().Select(arm => arm.ToLowerInvariant())];
    private static readonly string[] Serves = [.. Enum.GetNames<Served>().Select(served => served.ToLowerInvariant())];

    public Task Handle(HttpContext http, Dialect dialect) => Run(http, dialect).AsTask();

    // What it remembers while it waits is much, and is used again by the next request.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask Run(HttpContext http, Dialect dialect)
    {
        var id = RequestId.Of(http.Request);
        using var time = times.Begin(options.RequestDeadline, http.RequestAborted);
        http.Response.Headers["x-request-id"] = id;
        if (drain.HasBegun)
        {
            http.Response.Headers.Connection = "close"; // The next request of this caller must find another gateway.
        }

        var trip = Telemetry.Begin(http.Request, dialect);
        var pending = default(PendingRequest);
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
            var (request, refused) = await entrance.Admit(http, dialect, time);
            if (request is null)
            {
                await http.Refuse(refused!, dialect.Errors);
                return;
            }

            // 2. Resolve: the table is read once, so one request sees one generation.
            var table = routes.Current;
            if (!table.TryFind(request.Alias!, out var alias))
            {
                await http.Refuse(ApiError.UnknownAlias(request.Alias!), dialect.Errors);
                return;
            }

            var route = alias.Route;
            var sums = alias.Sums(signals);
            telemetry.Asks(trip, route.Alias, alias.State);
            Retrieved.Tell(http.Response, route.Traffic.Inputs);
            if (!alias.Speaks(dialect))
            {
                await http.Refuse(ApiError.WrongProtocol(route.Alias, alias.Pool(route.Current).Release.Serving.Protocol), dialect.Errors);
                return;
            }

            if (alias.State.Admission.Enter(http, request.Key, route, out permit) is { } excess)
            {
                await http.Refuse(excess, dialect.Errors);
                return;
            }

            alias.FetchNext();
            if (InputDesk.Admit(signals, sums, http.Request, request, alias) is { } broken)
            {
                await http.Refuse(broken, dialect.Errors);
                return;
            }

            var leaseIsLive = routes.LeaseIsLive(alias);
            var unit = Unit.Of(http.Request, request, route, id);
            var assignment = route.Assign(unit, leaseIsLive);
            if (request.Wish?.In(route, table, ref assignment) is { } unavailable)
            {
                await http.Refuse(unavailable, dialect.Errors);
                return;
            }

            var pool = alias.First(assignment);
            var isEvidence = leaseIsLive && assignment.Variant is null && alias.SplitHolds && (ReferenceEquals(unit, id) || signals.Counts(route, unit));
            pending = signals.Assigned(id, sums, route, assignment, isEvidence);
            (trip.Release, trip.Arm) = (pool.Release.Name, assignment.Variant ?? Arms[(int)assignment.Arm]);
            var sink = new AnswerSink(http.Response, route.Generation, trip) { Numbers = AnswerNumbers.For(route.Traffic.Signals) };
            sink.Answers(pool.Release);
            if (assignment.Variant is { } variant)
            {
                http.Response.Headers["x-backstop-arm"] = variant;
            }

            // 3. Screen the input.
            var receiver = Copy.ReceiverOf(route, unit);
            var judges = Scoring.Drawn(route, assignment.Arm);
            var asked = new Asked(request, alias, id, http.Request, sink, time) { IsReadAfterwards = receiver is not null || !judges.IsEmpty, Trip = trip };
            await LongText.Elsewhere(pool.RingFor(route).Looks ? request.Body.Memory.Length : 0);
            var input = await asked.ScreenedBy(pool, guards);
            attack = (input.Harms & HarmClass.Injection) != HarmClass.None;
            if (input.Stops || pool.RingFor(route).CannotRead(request))
            {
                signals.Answered(pending, attack, Outcome.InputBlocked, Served.SafeText, sample: null, latency: time.Elapsed);
                if (await dispatch.AskElsewhere(asked, table, input.RouteTo) is { } elsewhere)
                {
                    trip.Release = elsewhere.By.Release.Name;
                    await Delivery.Relay(http, elsewhere.Answer, null, asked, route.Traffic);
                    return;
                }

                if (input.Disposition == Disposition.Refuse && CannedAnswer.Of(request, Screened.SafeTextOf(input), id) is { } words)
                {
                    await Delivery.Words(words, asked); // A request that is refused is answered, in the policy's words or its check's.
                    return;
                }

                await http.Refuse(
                    input.Stops ? ApiError.InputBlocked(Screened.SafeTextOf(input), dialect.TextMember) : ApiError.Tokens(dialect.TextMember),
                    dialect.Errors);
                return;
            }

            // 4 and 5. Dispatch, and screen what comes back.
            var answer = await dispatch.Ask(asked, pool, input.FixedTexts);
            var (standIn, by) = answer switch
            {
                _ when sink.Started => (null, null),
                Screened.Failed { Replaced: true } when !drain.Ending.IsCancellationRequested => await dispatch.AskNow(asked),
                Screened.Blocked or Screened.Failed => await dispatch.AskOthers(asked, table, Succession.After(route, assignment).Remove(pool.Release.Digest)),
                _ => (null, null),
            };

            // 6. Observe, before the last byte leaves: feedback may follow it at once.
            Observe(pending, attack, answer, standIn, asked, trip);
            scoring.Answered(pending, asked, sink.Numbers, judges, answer);

            // 7. Relay. A stream that has begun is with the caller already.
            sink.Answers((by ?? pool).Release);
            trip.Release = (by ?? pool).Release.Name;
            await SendBatch.Next();
            await Delivery.Relay(http, answer, standIn, asked, route.Traffic);

            // A copy leaves when its user has everything; until it was asked, the body is not given back.
            if (receiver is not null)
            {
                Shadow(asked, alias.Pool(receiver), attack, standIn as Screened.Deliverable ?? answer);
            }
            else
            {
                request.Body.Return();
            }
        }
        catch (Exception) when (time.Left.IsCancellationRequested)
        {
            // A caller who leaves is not a failure of the release.
            Abandon(pending, attack, Outcome.Unlabelled, time);
        }
        catch (Exception e) when (pending.IsNone && ApiErrors.Of(e) is { } error)
        {
            await http.Refuse(error, dialect.Errors);
        }
        catch (Exception e)
        {
            GatewayLog.Unexpected(log, e, id);
            Abandon(pending, attack, Outcome.Error, time);
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
        if (pool.IsDropped || !pool.Speaks(asked.Request.Dialect) || pool.RingFor(asked.Route).CannotRead(asked.Request))
        {
            return;
        }

        var length = asked.Request.Body.Memory.Length;
        shadows.Offer(new(asked.Route, pool, length, attack, answer.Outcome, ShadowQueue.TextOf(answer), asked.Time.Elapsed, async stopping =>
        {
            // Its answer goes nowhere, its time is its own, and the caller's connection is somebody else's by now.
            var nowhere = new DefaultHttpContext();
            using var time = times.Begin(options.RequestDeadline, stopping);
            var copy = asked.Copied(nowhere.Request, new(nowhere.Response, asked.Route.Generation), time);
            var input = await copy.ScreenedBy(pool, guards);
            return input.Stops ? new Screened.Blocked(null, "", input) : await dispatch.Ask(copy, pool, input.FixedTexts);
        }));
    }

    // An assigned request that ended early must still be counted, or its epoch would wait for it.
    private void Abandon(PendingRequest pending, bool attack, Outcome outcome, RequestTime time) =>
        signals.Answered(pending, attack, outcome, Served.Failed, sample: null, latency: time.Elapsed);

    private void Observe(PendingRequest pending, bool attack, Screened answer, Screened? standIn, Asked asked, Trip trip)
    {
        var served = (answer, standIn) switch
        {
            (_, Screened.Deliverable) => Served.Reasked,
            (Screened.Deliverable, _) => Served.Unlabelled,
            (Screened.Blocked, _) => Served.SafeText,
            _ => Served.Failed,
        };
        trip.Served = Serves[(int)served];
        var text = answer switch
        {
            Screened.Deliverable ok => ok.Text,
            Screened.Blocked blocked => blocked.Text,
            _ => null,
        };
        var sample = asked.Route.CaptureSamples && asked.Request.Dialect.IsConversation && text is not null ? Redaction.Of(asked.Request.Texts, text, attack) : null;
        signals.Answered(pending, attack, answer.Outcome, served, sample, asked.Replica, asked.Took);
    }
}
