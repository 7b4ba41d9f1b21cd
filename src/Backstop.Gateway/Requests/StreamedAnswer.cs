using System.Text;
using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>Relays an answer event by event; what the ring still holds back waits, all else leaves as the bytes it came in.</summary>
public sealed class StreamedAnswer(GatewayOptions options)
{
    private const int SampleLength = 4096;

    public async Task<Screened> Relay(
        UpstreamResult.Answering answering, ReleasePool pool, ChoiceForm form, RingContext context, AnswerSink sink, RequestTime time, OpenStream? open = null)
    {
        if (answering.Response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {(int)answering.Response.StatusCode} and no event stream."));
        }

        using var patience = time.Wait(time.FirstToken);
        await using var cut = (open?.Cut ?? CancellationToken.None).Register(patience.Cancel);
        var relay = new Run(pool.Ring.Open(context), form, sink, options.MaxAnswerBytes, time.Left);
        try
        {
            await using var stream = await answering.Response.Content.ReadAsStreamAsync(patience.Token);
            var events = new SseReader(stream, options.MaxAnswerBytes);
            while (await events.Next(patience.Token) is { } bytes)
            {
                if (open?.IsTakenOut == true)
                {
                    return await relay.Fail(ApiError.ReleaseReplaced(), replaced: true);
                }

                time.Restart(patience, time.BetweenTokens);

                if (await relay.Take(bytes) is { } stopped)
                {
                    return stopped;
                }
            }

            return await relay.End("its stream broke off.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException or JsonException or InvalidOperationException
            || (e is OperationCanceledException && !time.Left.IsCancellationRequested))
        {
            if (open?.IsTakenOut == true)
            {
                return await relay.Fail(ApiError.ReleaseReplaced(), replaced: true);
            }

            return await relay.Fail(
                e is OperationCanceledException
                    ? ApiError.UpstreamTimeout()
                    : ApiError.UpstreamError(e is JsonException or InvalidOperationException ? "its stream is not of the kind that was asked for." : "its stream broke off."),
                brokeOff: e is IOException or HttpRequestException);
        }
    }

    /// <summary>One answer on its way through.</summary>
    private sealed class Run(RingSession session, ChoiceForm form, AnswerSink sink, int mostBytesWaiting, CancellationToken left)
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
        public async Task<Screened?> Take(ReadOnlyMemory<byte> bytes)
        {
            var data = SseReader.Data(bytes.Span);
            if (data.AsSpan().SequenceEqual("[DONE]"u8))
            {
                _done = true;
                if (await CloseAll() is { } stopped)
                {
                    return stopped;
                }

                await Forward(bytes, release: true);
                return null;
            }

            if (data.Length == 0)
            {
                await Forward(bytes, release: false);
                return null;
            }

            _last = data;
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
                        return await Block(part.Choice, ruling);
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
                        return await Block(part.Choice, ruling);
                    }
                }
            }

            await Pass(bytes, data, edits, before, release);
            return null;
        }

        /// <summary>The stream is over.</summary>
        public async Task<Screened> End(string problem)
        {
            if (!_done && !_anyEnded)
            {
                return await Fail(ApiError.UpstreamError(problem));
            }

            return await CloseAll() ?? new Screened.Deliverable(200, default, _text.ToString(), _recorded);
        }

        /// <summary>The release failed; a caller who has seen something is told inside the stream.</summary>
        public async Task<Screened> Fail(ApiError error, bool brokeOff = false, bool replaced = false)
        {
            if (sink.Started)
            {
                await sink.Stream(ChoiceEvent.Error(error), left);
            }

            return new Screened.Failed(error, BrokeOff: brokeOff, Replaced: replaced);
        }

        private StreamStep Push(AnswerText text, bool final)
        {
            if (!_open.TryGetValue(text.Place, out var stream))
            {
                _open[text.Place] = stream = session.OpenStream(text.Place.Stage, text.Place.Choice);
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

        private async Task Pass(ReadOnlyMemory<byte> bytes, byte[] data, List<AnswerText> edits, List<byte[]> before, bool release)
        {
            foreach (var text in before)
            {
                await Forward(text, release: true);
            }

            if (edits.Count == 0)
            {
                await Forward(bytes, release);
            }
            else if (ChoiceEvent.WithTexts(data, form, edits) is { } changed)
            {
                await Forward(changed, release);
            }
        }

        // What comes before the first text waits, so that a blocked answer can still be asked of another release.
        private async Task Forward(ReadOnlyMemory<byte> bytes, bool release)
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
                await sink.Stream(early, left);
            }

            _prelude.Clear();
            await sink.Stream(bytes, left);
        }

        private async Task<Screened?> CloseAll()
        {
            foreach (var choice in _open.Keys.Select(p => p.Choice).Distinct().ToList())
            {
                var rest = new List<byte[]>();
                if (Finish(choice, rest) is { } ruling)
                {
                    return await Block(choice, ruling);
                }

                foreach (var text in rest)
                {
                    await Forward(text, release: true);
                }
            }

            return null;
        }

        private async Task<Screened> Block(int choice, Ruling ruling)
        {
            if (!sink.Started)
            {
                return new Screened.Blocked(
                    ChoiceEvent.Safe(_last, form, choice, Screened.SafeTextOf(ruling)), _text.ToString(), ruling);
            }

            await sink.Stream(ChoiceEvent.Stop(_last, form, choice), left);
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
