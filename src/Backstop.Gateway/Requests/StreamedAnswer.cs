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
        UpstreamResult.Answering answering, ReleasePool pool, RingContext context, AnswerSink sink, RequestTime time)
    {
        if (answering.Response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {(int)answering.Response.StatusCode} and no event stream."));
        }

        using var patience = time.Wait(options.BetweenBytesTimeout);
        var relay = new Run(pool.Ring.Open(context), sink, options.MaxAnswerBytes, time.Left);
        try
        {
            await using var stream = await answering.Response.Content.ReadAsStreamAsync(patience.Token);
            var events = new SseReader(stream, options.MaxAnswerBytes);
            while (true)
            {
                time.Restart(patience, options.BetweenBytesTimeout);
                if (await events.Next(patience.Token) is not { } bytes)
                {
                    break;
                }

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
            return await relay.Fail(e is OperationCanceledException
                ? ApiError.UpstreamTimeout()
                : ApiError.UpstreamError(e is JsonException or InvalidOperationException ? "its stream is not a chat answer." : "its stream broke off."));
        }
    }

    /// <summary>One answer on its way through.</summary>
    private sealed class Run(RingSession session, AnswerSink sink, int mostBytesWaiting, CancellationToken left)
    {
        private readonly Dictionary<int, OutputStream> _open = [];
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

            var parts = ChatChunk.Read(data);
            _last = data;
            var texts = new string?[parts.Count];
            var before = new List<byte[]>();
            var release = false;
            for (var i = 0; i < parts.Count; i++)
            {
                var part = parts[i];
                if (part.Content is null && !part.Ends)
                {
                    continue;
                }

                var step = Push(part);
                if (step.Ruling is { Stops: true } ruling)
                {
                    return await Block(part.Choice, ruling);
                }

                release |= part.Ends || step.Released.Length > 0;
                if (part.Content is not null)
                {
                    texts[i] = step.Released == part.Content ? null : step.Released;
                }
                else if (step.Released.Length > 0)
                {
                    // What was held back comes free with the ending, which has no text of its own.
                    before.Add(ChatChunk.Content(data, part.Choice, step.Released));
                }
            }

            await Pass(bytes, data, texts, before, release);
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
        public async Task<Screened> Fail(ApiError error)
        {
            if (sink.Started)
            {
                await sink.Stream(ChatChunk.Error(error), left);
            }

            return new Screened.Failed(error);
        }

        private StreamStep Push(ChatChunk.Part part)
        {
            if (!_open.TryGetValue(part.Choice, out var stream))
            {
                _open[part.Choice] = stream = session.OpenStream(choiceIndex: part.Choice);
            }

            if (stream.Ended)
            {
                return new("", null);
            }

            if (part.Content is { } content && _text.Length < SampleLength)
            {
                _text.Append(content);
            }

            _anyEnded |= part.Ends;
            var step = stream.Push(part.Content ?? "", part.Ends);
            Record(step.Ruling);
            return step;
        }

        private async Task Pass(ReadOnlyMemory<byte> bytes, byte[] data, string?[] texts, List<byte[]> before, bool release)
        {
            foreach (var text in before)
            {
                await Forward(text, release: true);
            }

            if (Array.TrueForAll(texts, text => text is null))
            {
                await Forward(bytes, release);
            }
            else if (ChatChunk.WithTexts(data, texts) is { } changed)
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
            foreach (var (choice, stream) in _open.Where(s => !s.Value.Ended).ToList())
            {
                var step = stream.Push("", final: true);
                Record(step.Ruling);
                if (step.Ruling is { Stops: true } ruling)
                {
                    return await Block(choice, ruling);
                }

                if (step.Released.Length > 0)
                {
                    await Forward(ChatChunk.Content(_last, choice, step.Released), release: true);
                }
            }

            return null;
        }

        private async Task<Screened> Block(int choice, Ruling ruling)
        {
            if (!sink.Started)
            {
                return new Screened.Blocked(
                    ChatChunk.Safe(_last, choice, ruling.SafeText ?? GuardPolicy.DefaultBlockedResponse), _text.ToString(), ruling);
            }

            await sink.Stream(ChatChunk.Stop(_last, choice), left);
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
