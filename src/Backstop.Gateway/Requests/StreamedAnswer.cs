using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>Relays an answer event by event; what the ring still holds back waits, all else leaves as the bytes it came in.</summary>
public sealed class StreamedAnswer(GatewayOptions options)
{
    private const int SampleLength = 4096;

    public async Task<Screened> Relay(
        UpstreamResult.Answering answering, ReleasePool pool, RingContext context, AnswerSink sink, CancellationToken left)
    {
        if (answering.Response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {(int)answering.Response.StatusCode} and no event stream."));
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(left);
        var relay = new Run(pool.Ring.Open(context), sink, left);
        try
        {
            await using var stream = await answering.Response.Content.ReadAsStreamAsync(patience.Token);
            var events = new SseReader(stream, options.MaxAnswerBytes);
            while (true)
            {
                patience.CancelAfter(options.BetweenBytesTimeout);
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
            || (e is OperationCanceledException && !left.IsCancellationRequested))
        {
            return await relay.Fail(e is OperationCanceledException ? ApiError.UpstreamTimeout() : ApiError.UpstreamError(e.Message));
        }
    }

    /// <summary>One answer on its way through.</summary>
    private sealed class Run(RingSession session, AnswerSink sink, CancellationToken left)
    {
        private readonly Dictionary<int, OutputStream> _open = [];
        private readonly List<byte[]> _prelude = [];
        private readonly StringBuilder _text = new();
        private Outcome _recorded = Outcome.Unlabelled;
        private byte[] _last = [];
        private bool _anyEnded;
        private bool _done;

        /// <summary>One event; not null when the answer must not go on.</summary>
        public async Task<Screened?> Take(ReadOnlyMemory<byte> bytes)
        {
            var data = SseReader.Data(bytes.Span).ToArray();
            if (data.AsSpan().SequenceEqual("[DONE]"u8))
            {
                _done = true;
                return await CloseAll() ?? await Forward(bytes, release: true);
            }

            if (data.Length == 0)
            {
                return await Forward(bytes, release: false);
            }

            var parts = ChatChunk.Read(data);
            _last = data;
            var untouched = true;
            var added = new List<byte[]>();
            foreach (var part in parts)
            {
                if (part.Content is null && !part.Ends)
                {
                    continue;
                }

                var step = Push(part);
                if (step.Ruling is { Stops: true } ruling)
                {
                    return await Block(part.Choice, ruling);
                }

                if (step.Released != (part.Content ?? ""))
                {
                    untouched = false;
                    if (step.Released.Length > 0)
                    {
                        added.Add(ChatChunk.Content(data, part.Choice, step.Released));
                    }
                }
            }

            return await Pass(bytes, parts, untouched, added);
        }

        /// <summary>The stream is over.</summary>
        public async Task<Screened> End(string problem)
        {
            if (!_done && !_anyEnded)
            {
                return await Fail(ApiError.UpstreamError(problem));
            }

            return await CloseAll() ?? new Screened.Deliverable(200, [], _text.ToString(), _recorded);
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

        private async Task<Screened?> Pass(ReadOnlyMemory<byte> bytes, List<ChatChunk.Part> parts, bool untouched, List<byte[]> added)
        {
            if (untouched)
            {
                return await Forward(bytes, release: parts.Any(p => p.Content is { Length: > 0 } || p.Ends));
            }

            foreach (var text in added)
            {
                await Forward(text, release: true);
            }

            // The text of this event went before or waits; its ending must still arrive, without the text.
            if (parts.Any(p => p.Ends))
            {
                await Forward(Ending(), release: true);
            }

            return null;
        }

        private byte[] Ending()
        {
            var ending = JsonNode.Parse(_last)!;
            foreach (var choice in ending["choices"]!.AsArray())
            {
                choice!["delta"] = new JsonObject();
            }

            return [.. "data: "u8, .. JsonSerializer.SerializeToUtf8Bytes(ending), .. "\n\n"u8];
        }

        // What comes before the first text waits, so that a blocked answer can still be asked of another release.
        private async Task<Screened?> Forward(ReadOnlyMemory<byte> bytes, bool release)
        {
            if (!release && !sink.Started)
            {
                _prelude.Add(bytes.ToArray());
                return null;
            }

            foreach (var early in _prelude)
            {
                await sink.Stream(early, left);
            }

            _prelude.Clear();
            await sink.Stream(bytes, left);
            return null;
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
