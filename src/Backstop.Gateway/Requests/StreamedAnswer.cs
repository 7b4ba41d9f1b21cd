using System.Text;
using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Upstreams;

namespace Backstop.Gateway.Requests;

/// <summary>Relays an answer event by event; what the ring still holds back waits, all else leaves as the bytes it came in.</summary>
public sealed class StreamedAnswer(GatewayOptions options)
{
    private const int SampleLength = 4096;

    /// <param name="ring">What looks at its texts; null when nothing does.</param>
    /// <param name="open">Tells when its release was taken out under it; null when nobody can.</param>
    /// <param name="ending">Cancelled when this gateway must stop.</param>
    public async ValueTask<Screened> Relay(
        UpstreamResult.Answering answering, RingSession? ring, ChoiceForm form, AnswerSink sink, RequestTime time, OpenStream? open = null, CancellationToken ending = default)
    {
        if (answering.Answer.Head.MediaType != "text/event-stream")
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {answering.Answer.Head.Status} and no event stream."));
        }

        using var cut = (open?.Cut ?? CancellationToken.None).UnsafeRegister(static waiting => ((RequestTime)waiting!).Interrupt(), time);
        using var end = ending.UnsafeRegister(static waiting => ((RequestTime)waiting!).Interrupt(), time);
        var relay = new Run(ring, form, sink, options.MaxAnswerBytes);
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
                    if (relay.Take(bytes) is { } stopped)
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

            return CutOff(open, ending) is { } reason ? relay.Fail(reason, replaced: true) : relay.End("its stream broke off.");
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

    /// <summary>One answer on its way through.</summary>
    private sealed class Run(RingSession? ring, ChoiceForm form, AnswerSink sink, int mostBytesWaiting)
    {
        private readonly Dictionary<AnswerPlace, OutputStream> _open = [];
        private readonly List<byte[]> _prelude = [];
        private readonly StringBuilder _text = new();
        private Outcome _recorded = Outcome.Unlabelled;
        private byte[] _last = [];
        private int _waiting;
        private bool _anyEnded;
        private bool _done;

        /// <summary>One event; not null when the answer must not go on.</summary>
        public Screened? Take(ReadOnlyMemory<byte> bytes)
        {
            var data = SseReader.Data(bytes);
            if (data.Span.SequenceEqual("[DONE]"u8))
            {
                _done = true;
                if (CloseAll() is { } stopped)
                {
                    return stopped;
                }

                Forward(bytes.Span, release: true);
                return null;
            }

            if (data.Length == 0)
            {
                Forward(bytes.Span, release: false);
                return null;
            }

            if (ring is null)
            {
                var (says, ends) = Glance.Event(data.Span, form);
                _anyEnded |= ends;
                Forward(bytes.Span, release: says || ends);
                return null;
            }

            _last = data.ToArray();
            var edits = new List<AnswerText>();
            var before = new List<byte[]>();
            var release = false;
            foreach (var part in ChoiceEvent.Read(data, form))
            {
                foreach (var text in part.Texts)
                {
                    var step = Push(text, part.Ends);
                    if (step.Ruling is { Stops: true } ruling)
                    {
                        return Block(part.Choice, ruling);
                    }

                    release |= step.Released.Length > 0;
                    if (step.Released != text.Text)
                    {
                        edits.Add(text with { Text = step.Released });
                    }
                }

                if (part.Ends)
                {
                    (release, _anyEnded) = (true, true);
                    if (Finish(part.Choice, before) is { } ruling)
                    {
                        return Block(part.Choice, ruling);
                    }
                }
            }

            Pass(bytes.Span, edits, before, release);
            return null;
        }

        /// <summary>The stream is over.</summary>
        public Screened End(string problem)
        {
            if (!_done && !_anyEnded)
            {
                return Fail(ApiError.UpstreamError(problem));
            }

            return CloseAll() ?? new Screened.Deliverable(200, Body: null, _text.ToString(), _recorded);
        }

        /// <summary>The release failed; a caller who has seen something is told inside the stream.</summary>
        public Screened Fail(ApiError error, bool brokeOff = false, bool replaced = false)
        {
            if (sink.Started)
            {
                sink.Stream(ChoiceEvent.Error(error));
            }

            return new Screened.Failed(error, BrokeOff: brokeOff, Replaced: replaced);
        }

        private StreamStep Push(AnswerText text, bool final)
        {
            if (!_open.TryGetValue(text.Place, out var stream))
            {
                _open[text.Place] = stream = ring!.OpenStream(text.Place.Stage, text.Place.Choice);
            }

            if (stream.Ended)
            {
                return new("", null);
            }

            if (text.Place.Field == form.Main && _text.Length < SampleLength)
            {
                _text.Append(text.Text);
            }

            var step = stream.Push(text.Text, final);
            Record(step.Ruling);
            return step;
        }

        /// <summary>Ends every text of a choice. What was held back comes free, in events before the ending, which may have no text of its own.</summary>
        /// <returns>The ruling that stops the answer, or null.</returns>
        private Ruling? Finish(int choice, List<byte[]> before)
        {
            var places = _open.Keys.Where(p => p.Choice == choice).ToList();
            if (places.Count == 0)
            {
                places.Add(new(choice, form.Main)); // It said nothing, and that too is an answer to be judged.
            }

            foreach (var place in places)
            {
                var step = Push(new(place, ""), final: true);
                if (step.Ruling is { Stops: true } ruling)
                {
                    return ruling;
                }

                if (step.Released.Length > 0)
                {
                    before.Add(ChoiceEvent.With(_last, form, new(place, step.Released)));
                }
            }

            return null;
        }

        private void Pass(ReadOnlySpan<byte> bytes, List<AnswerText> edits, List<byte[]> before, bool release)
        {
            foreach (var text in before)
            {
                Forward(text, release: true);
            }

            if (edits.Count == 0)
            {
                Forward(bytes, release);
            }
            else if (ChoiceEvent.WithTexts(_last, form, edits) is { } changed)
            {
                Forward(changed, release);
            }
        }

        // What comes before the first text waits, so that a blocked answer can still be asked of another release.
        private void Forward(ReadOnlySpan<byte> bytes, bool release)
        {
            if (!release && !sink.Started)
            {
                _waiting += bytes.Length;
                if (_waiting > mostBytesWaiting)
                {
                    throw new InvalidDataException("The stream goes on without a text.");
                }

                _prelude.Add(bytes.ToArray());
                return;
            }

            foreach (var early in _prelude)
            {
                sink.Stream(early);
            }

            _prelude.Clear();
            sink.Stream(bytes);
        }

        private Screened? CloseAll()
        {
            foreach (var choice in _open.Keys.Select(p => p.Choice).Distinct().ToList())
            {
                var rest = new List<byte[]>();
                if (Finish(choice, rest) is { } ruling)
                {
                    return Block(choice, ruling);
                }

                foreach (var text in rest)
                {
                    Forward(text, release: true);
                }
            }

            return null;
        }

        private Screened.Blocked Block(int choice, Ruling ruling)
        {
            if (!sink.Started)
            {
                return new Screened.Blocked(
                    ChoiceEvent.Safe(_last, form, choice, Screened.SafeTextOf(ruling)), _text.ToString(), ruling);
            }

            sink.Stream(ChoiceEvent.Stop(_last, form, choice));
            return new Screened.Blocked([], _text.ToString(), ruling);
        }

        private void Record(Ruling? ruling)
        {
            if (ruling is not null && _recorded == Outcome.Unlabelled)
            {
                _recorded = Screened.Of(ruling);
            }
        }
    }
}
