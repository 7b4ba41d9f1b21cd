using System.Text.Json;
using Backstop.Core.Guards;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Upstreams;

namespace Backstop.Gateway.Requests;

/// <summary>Relays an answer event by event; what the ring still holds back waits, all else leaves as the bytes it came in.</summary>
public sealed class StreamedAnswer(GatewayOptions options, OutsideGuards guards)
{
    /// <param name="ring">What looks at its texts; null when nothing does.</param>
    /// <param name="open">Tells when its release was taken out under it; null when nobody can.</param>
    /// <param name="ending">Cancelled when this gateway must stop.</param>
    public ValueTask<Screened> Relay(
        UpstreamResult.Answering answering, RingSession? ring, Dialect dialect, AnswerSink sink, RequestTime time, OpenStream? open = null, CancellationToken ending = default) =>
        Relay(answering, RunOf(ring, dialect, sink, time.Left), sink, time, open, ending);

    private EventRun RunOf(RingSession? ring, Dialect dialect, AnswerSink sink, CancellationToken left) => dialect.Choices is { } form
        ? new ChoiceRun(ring, form, sink, options.MaxAnswerBytes, guards, left)
        : new ResponseRun(ring, sink, options.MaxAnswerBytes, guards, left);

    private async ValueTask<Screened> Relay(UpstreamResult.Answering answering, EventRun relay, AnswerSink sink, RequestTime time, OpenStream? open, CancellationToken ending)
    {
        if (answering.Answer.Head.MediaType != "text/event-stream")
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {answering.Answer.Head.Status} and no event stream."));
        }

        using var cut = (open?.Cut ?? CancellationToken.None).UnsafeRegister(static waiting => ((RequestTime)waiting!).Interrupt(), time);
        using var end = ending.UnsafeRegister(static waiting => ((RequestTime)waiting!).Interrupt(), time);
        try
        {
            var events = new SseReader(answering.Answer.Body, options.MaxAnswerBytes);
            var patience = time.Within(time.FirstToken);

            // Asked before a wait, which could miss that it is to end, and after it: what came meanwhile must not go on.
            while (CutOff(open, ending) is null && await events.Fill(patience) && CutOff(open, ending) is null)
            {
                var came = false;
                while (events.TryNext(out var bytes))
                {
                    came = true;
                    if (await relay.Take(bytes) is { } stopped)
                    {
                        return stopped;
                    }
                }

                if (came)
                {
                    await sink.Flush(time.Left);
                    patience = time.Within(time.BetweenTokens);
                }
            }

            return CutOff(open, ending) is { } reason ? relay.Fail(reason, replaced: true) : await relay.End("its stream broke off.");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or JsonException or InvalidOperationException
            || (e is OperationCanceledException && !time.Left.IsCancellationRequested))
        {
            if (CutOff(open, ending) is { } reason)
            {
                return relay.Fail(reason, replaced: true);
            }

            return relay.Fail(
                e is OperationCanceledException
                    ? ApiError.UpstreamTimeout()
                    : ApiError.UpstreamError(e is JsonException or InvalidOperationException ? "its stream is not of the kind that was asked for." : "its stream broke off."),
                brokeOff: e is IOException);
        }
    }

    // What ends a stream that is no fault of its release.
    private static ApiError? CutOff(OpenStream? open, CancellationToken ending) =>
        open?.IsTakenOut == true ? ApiError.ReleaseReplaced() : ending.IsCancellationRequested ? ApiError.GatewayStopping() : null;
}
