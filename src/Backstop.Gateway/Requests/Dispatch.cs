using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Backstop.Core.Guards;
using Backstop.Core.Routing;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Backstop.Gateway.Upstreams;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Requests;

/// <summary>Asks releases, and screens what comes back.</summary>
internal sealed class Dispatch(
    GatewayOptions options, LiveRoutes routes, Hedge hedge, WholeAnswer whole, StreamedAnswer streamed, SignalRecorder signals, OutsideGuards guards, Drain drain, ILogger<Dispatch> log)
{
    private readonly Timeouts _usual = options.Timeouts;

    /// <summary>Asks a release: one replica after the other, while its answer breaks off before the caller has seen any of it.</summary>
    /// <param name="fixedTexts">For each text of the request what the release's ring made of it, null where it changed nothing; or empty.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Screened> Ask(Asked asked, ReleasePool pool, ImmutableArray<string?> fixedTexts)
    {
        var dialect = asked.Request.Dialect;
        if (!pool.Speaks(dialect))
        {
            // Its alias is asked in this dialect and was answered so by another release: the release is what does not fit.
            return Noted(new Screened.Failed(ApiError.UpstreamError($"it speaks {pool.Release.Serving.Protocol}.")), pool, asked.Id);
        }

        var (prompt, lacking) = pool.Parts.Prompt.For(asked.Request, fixedTexts);
        if (lacking is not null)
        {
            return Noted(Unfit(asked, pool, ApiError.PromptVariables(lacking)), pool, asked.Id);
        }

        if (!pool.IsDropped)
        {
            signals.Started(asked.Alias.Sums(signals), pool.Release.Digest);
        }

        asked.Time.Keep(asked.Route.Traffic.Timeouts.Or(pool.Timeouts).Or(_usual));
        var answer = await AskReplicas(asked, pool, UpstreamBody.For(asked.Request, pool.Parts, prompt, fixedTexts));

        // An answer of the wrong form is often right the second time. The first one stays on the release's record.
        var (first, reasking) = (answer, new Reasking(dialect.IsConversation ? pool.Ring.Policy.MostReasks : 0));
        while (answer is Screened.Blocked blocked && !asked.Sink.Started && reasking.RemarkOn(blocked.Ruling) is { } remark)
        {
            var again = await AskReplicas(asked, pool, UpstreamBody.For(asked.Request, pool.Parts, prompt, fixedTexts, new(blocked.Text, remark)));
            answer = again is Screened.Deliverable better ? better with { Recorded = first.Outcome } : again is Screened.Blocked ? again : answer;
            if (ReferenceEquals(answer, blocked))
            {
                break;
            }
        }

        return Noted(answer, pool, asked.Id);
    }

    /// <summary>Asks those who stand in, until one gives an answer. The user gets a good answer; the release that failed keeps the failure on its record.</summary>
    /// <returns>The answer and who gave it; or the last that was none, and nobody.</returns>
    public async Task<(Screened? Answer, ReleasePool? By)> AskOthers(Asked asked, ServingTable table, ImmutableArray<string> others)
    {
        Screened? last = null;
        foreach (var other in others)
        {
            var pool = table.Pool(other);

            // Each release gets the texts as its own ring leaves them: the policy of the one that failed may be what is wrong with it.
            var input = await asked.ScreenedBy(pool, guards);
            if (input.Stops || pool.RingFor(asked.Route).CannotRead(asked.Request))
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

    /// <summary>Asks the release that another alias serves, where a check sends the request there.</summary>
    /// <remarks>That release's own ring looks at both; neither alias counts the answer as evidence, for it is an answer to what the other was not made for.</remarks>
    /// <returns>Null when nobody is named, or the named one gives no answer.</returns>
    public async ValueTask<(Screened Answer, ReleasePool By)?> AskElsewhere(Asked asked, ServingTable table, string? alias)
    {
        if (alias is null || !table.Routes.Routes.TryGetValue(alias, out var route))
        {
            return null;
        }

        var (answer, by) = await AskOthers(asked, table, [route.Current]);
        if (answer is null || by is null)
        {
            return null;
        }

        asked.Sink.Answers(by.Release);
        return (answer, by);
    }

    /// <summary>Asks the release that took the place of one that was swapped out before it said anything.</summary>
    public Task<(Screened? Answer, ReleasePool? By)> AskNow(Asked asked)
    {
        var table = routes.Current;
        return table.Routes.Routes.TryGetValue(asked.Request.Alias!, out var route)
            ? AskOthers(asked, table, [route.Current])
            : Task.FromResult<(Screened?, ReleasePool?)>((null, null));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Screened> AskReplicas(Asked asked, ReleasePool pool, UpstreamBody body)
    {
        var attempts = new Attempts(pool, Random.Shared);
        Screened? answer = null;
        while (await Attempt(asked, pool, attempts, body) is { } next)
        {
            answer = next;
            if (answer is not Screened.Failed { BrokeOff: true } || asked.Sink.Started)
            {
                break;
            }
        }

        if (asked.Took is null)
        {
            (asked.Replica, asked.Took) = (attempts.Last?.Number ?? 0, asked.Time.Elapsed);
        }

        return answer ?? (pool.IsDropped
            ? new Screened.Failed(ApiError.UpstreamError("it was dropped at this gateway."), Unreachable: true)
            : new Screened.Failed(ApiError.Overloaded(TimeSpan.FromSeconds(1))));
    }

    /// <summary>What no release of the alias can do without, the caller left out; what another one does without, this one asks too much.</summary>
    private Screened Unfit(Asked asked, ReleasePool pool, ApiError error)
    {
        var table = routes.Current;
        var others = table.Routes.Routes.TryGetValue(asked.Request.Alias!, out var route) ? route.Releases().Where(d => d != pool.Release.Digest) : [];
        return others.Any(d => table.Pool(d).Parts.Prompt.Missing(asked.Request) is null)
            ? new Screened.Failed(error)
            : new Screened.Refused(error.Status, BodyBytes.Own(error.ToJson(asked.Request.Dialect.Errors)), RetryAfter: null);
    }

    /// <summary>Asks one replica, or the next one that is there; null when none is left to be asked.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Screened?> Attempt(Asked asked, ReleasePool pool, Attempts attempts, UpstreamBody body)
    {
        var dialect = asked.Request.Dialect;
        var result = await hedge.Send(pool, attempts, dialect.Destination, body, asked);
        if (result is null)
        {
            return null;
        }

        asked.Alias.Fetch(); // While the answer was waited for, other requests took its place in the caches.
        if (result is not UpstreamResult.Answering answering)
        {
            var error = result is UpstreamResult.Failed failed ? failed.Error : ((UpstreamResult.Unreachable)result).Error;
            return new Screened.Failed(error, Unreachable: result is UpstreamResult.Unreachable);
        }

        using (answering)
        {
            var isStream = asked.Request.Stream && dialect.Streams && answering.Answer.Head.IsSuccess;
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
        using var open = asked.Alias.State.Streams.Begin(pool.Release.Digest);
        return await streamed.Relay(answering, asked.OpenRing(pool), asked.Request.Dialect, asked.Sink, asked.Time, open, drain.Ending);
    }

    private Screened Noted(Screened answer, ReleasePool pool, string id)
    {
        if (answer is Screened.Failed failed)
        {
            GatewayLog.UpstreamFailed(log, pool.Release.Name, id, failed.Error.Code);
        }

        return answer;
    }
}
