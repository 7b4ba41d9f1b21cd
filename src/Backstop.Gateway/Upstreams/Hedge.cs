using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Upstreams;

/// <summary>Asks a second replica when the first does not begin to answer, and takes the answer that begins first; only where the release says so.</summary>
/// <remarks>
/// The slowest answers become as fast as the usual ones, for some questions that are answered twice: those are paid for as retries are, so
/// a release that is slow as a whole gets little more load. Dean and Barroso, "The Tail at Scale", CACM 2013.
/// </remarks>
public sealed class Hedge(Upstream upstream, TimeProvider clock)
{
    /// <inheritdoc cref="Upstream.Send"/>
    internal ValueTask<UpstreamResult?> Send(
        ReleasePool pool, Attempts attempts, Func<ReleasePool, Replica, Destination> destination, UpstreamBody body, Asked asked) =>
        pool.Size > 1 && pool.Release.Serving.Retries.HedgeAfter is { } after
            ? Race(pool, attempts, destination, body, asked, after)
            : upstream.Send(pool, attempts, destination, body, asked.Id, asked.Caller.Headers, asked.Time, asked.Trip);

    private async ValueTask<UpstreamResult?> Race(
        ReleasePool pool, Attempts attempts, Func<ReleasePool, Replica, Destination> destination, UpstreamBody body, Asked asked, TimeSpan after)
    {
        attempts.Answers = null;
        asked.Time.Lend(); // Whoever loses may wait for longer than the request lasts.
        var (slow, late) = (new CancellationTokenSource(), new CancellationTokenSource());
        var first = Ask(slow.Token);
        using var waiting = new CancellationTokenSource();
        if (await Task.WhenAny(first, Task.Delay(after, clock, waiting.Token)) == first)
        {
            await waiting.CancelAsync();
            return await first;
        }

        // Whoever loses may be writing the question still when the winner's answer has been read.
        asked.Request.Body.Lend();
        var second = Ask(late.Token);
        var winner = await Task.WhenAny(first, second);
        if (AnsweringOf(winner) is null)
        {
            winner = winner == first ? second : first;
            await Task.WhenAny(winner);
        }

        if (AnsweringOf(winner) is not { } answering)
        {
            return await first ?? await second;
        }

        var loser = winner == first ? second : first;
        _ = Discard(loser);
        await (loser == first ? slow : late).CancelAsync();
        attempts.Answers = answering.Replica;
        return answering;

        Task<UpstreamResult?> Ask(CancellationToken lost) =>
            upstream.Send(pool, attempts, destination, body, asked.Id, asked.Caller.Headers, asked.Time, asked.Trip, lost).AsTask();
    }

    private static UpstreamResult.Answering? AnsweringOf(Task<UpstreamResult?> asking) => asking.IsCompletedSuccessfully ? asking.Result as UpstreamResult.Answering : null;

    private static async Task Discard(Task<UpstreamResult?> loser)
    {
        try
        {
            (await loser as IDisposable)?.Dispose();
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // Nobody waits for it.
        }
    }
}
