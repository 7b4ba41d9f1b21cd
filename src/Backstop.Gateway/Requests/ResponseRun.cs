using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>A streamed answer of the responses API: an event leaves as it came when the ring has let all of its texts pass.</summary>
/// <remarks>
/// Its events say every text several times: in pieces, whole, with its part, with its item, and once more with the response. What the ring
/// said to the pieces holds for all of them. A text that was not said in pieces, or differently, is looked at where it stands. From a
/// piece of a text of which that could not be told, everything waits for the end.
/// </remarks>
internal sealed class ResponseRun(RingSession? ring, AnswerSink sink, int mostBytesWaiting, OutsideGuards guards, CancellationToken left) : EventRun(sink, mostBytesWaiting)
{
    private const int SampleLength = 4096;

    private readonly Dictionary<AnswerPlace, SaidText> _said = [];
    private readonly Dictionary<(GuardStage Stage, string Text), string> _looked = [];
    private readonly Dictionary<int, string> _ids = [];
    private readonly Queue<HeldEvent> _held = new();
    private readonly StringBuilder _strange = new();
    private readonly StringBuilder _text = new();
    private readonly AnswerSink _sink = sink;
    private readonly int _mostBytesWaiting = mostBytesWaiting;
    private Outcome _recorded = Outcome.Unlabelled;
    private JsonObject? _response;
    private Screened? _end;
    private int _heldBytes;
    private int _next;
    private int _shift;

    public override async ValueTask<Screened?> Take(ReadOnlyMemory<byte> bytes)
    {
        var data = SseReader.Data(bytes);
        if (data.Length == 0 || data.Span.SequenceEqual("[DONE]"u8))
        {
            Forward(bytes.Span, release: false);
            return null;
        }

        var read = ResponseEvent.Read(data);
        if (ring is null)
        {
            TakeUnseen(bytes, data, read);
            return null;
        }

        if (read.Item.Id is { } id)
        {
            _ids.TryAdd(read.Item.Number, id);
        }

        if (read.Type is "response.created" or "response.in_progress")
        {
            _response = JsonNode.Parse(data.Span)!["response"] as JsonObject;
        }

        _strange.Append(read.Strange);
        if (await Look(bytes.ToArray(), read) is { } ruling)
        {
            return Block(ruling);
        }

        Release(all: _end is not null);
        return null;
    }

    public override ValueTask<Screened> End(string problem) => new(_end ?? Fail(ApiError.UpstreamError(problem)));

    protected override byte[] ErrorEvent(ApiError error) => ResponseEvent.Of(new()
    {
        ["type"] = "error", ["code"] = error.Code, ["message"] = error.Message, ["param"] = error.Param, ["sequence_number"] = _next,
    });

    private void TakeUnseen(ReadOnlyMemory<byte> bytes, ReadOnlyMemory<byte> data, ResponseEvent read)
    {
        _next = read.Number + 1;
        if (read.IsLast)
        {
            ExpectOutput(data);
            _end = new Screened.Deliverable(200, Body: null, "", Outcome.Unlabelled);
        }

        Forward(bytes.Span, release: read.IsLast || read.Piece is not null || read.Strange is not null);
    }

    private static void ExpectOutput(ReadOnlyMemory<byte> data)
    {
        using var document = JsonDocument.Parse(data);
        ResponseAnswer.Read(document.RootElement.GetProperty("response"));
    }

    /// <summary>Lets the ring look at what an event says, and keeps the event until it may leave.</summary>
    /// <returns>The ruling that stops the answer, or null.</returns>
    private async ValueTask<Ruling?> Look(byte[] bytes, ResponseEvent read)
    {
        var one = new HeldEvent(bytes, read);
        if (read.Piece is { } piece)
        {
            var said = SaidAt(piece.Place);
            said.Like = bytes;
            if (await Push(piece, said, final: false) is { } ruling)
            {
                return ruling;
            }

            one.Text = said;
            one.Until = said.Text.Said;
        }

        if (read.Ends && await Finish(read) is { } stopped)
        {
            return stopped;
        }

        foreach (var whole in read.Whole)
        {
            var (text, ruling) = await Whole(whole);
            if (ruling is not null)
            {
                return ruling;
            }

            if (text != whole.Text)
            {
                one.Edits.Add(whole with { Text = text });
            }
        }

        if (read.IsLast)
        {
            ExpectOutput(SseReader.Data(bytes));
            if (await Complete(read) is { } last)
            {
                return last;
            }
        }

        Hold(one);
        return null;
    }

    // What an event says is over gets its answer from the ring; what is left and fits into no event leaves in one of its own.
    private async ValueTask<Ruling?> Finish(ResponseEvent read)
    {
        foreach (var (place, said) in _said)
        {
            var isOver = read.IsLast || read.Whole.Any(w => w.Place == place);
            if (!isOver || said.Text.Ended)
            {
                continue;
            }

            if (await Push(new(place, ""), said, final: true) is { } ruling)
            {
                return ruling;
            }

            Hold(new(said.Like, ResponseEvent.Read(SseReader.Data(said.Like))) { Text = said, Until = said.Text.Said, IsRest = true });
        }

        return null;
    }

    /// <summary>What may be said where a text stands whole.</summary>
    private async ValueTask<(string Text, Ruling? Stops)> Whole(AnswerText whole)
    {
        if (_said.GetValueOrDefault(whole.Place) is { Text.Ended: true } said && said.Before.Equals(whole.Text.AsSpan()))
        {
            return (said.After.ToString(), null);
        }

        if (whole.Text.Length == 0)
        {
            return ("", null);
        }

        if (_looked.TryGetValue((whole.Place.Stage, whole.Text), out var seen))
        {
            return (seen, null);
        }

        Sample(whole);
        var ruling = await guards.Screen(ring!, [ScanUnit.Output(whole.Text, whole.Place.Choice) with { Stage = whole.Place.Stage }], left);
        Record(ruling);
        return ruling.Stops ? ("", ruling) : (_looked[(whole.Place.Stage, whole.Text)] = ruling.FixedText ?? whole.Text, null);
    }

    // An answer that said nothing is one to be judged too, and what could not be told apart is looked at as one text: there is no place
    // in which it could be mended.
    private async ValueTask<Ruling?> Complete(ResponseEvent read)
    {
        if (_strange.Length > 0 || (_said.Count == 0 && read.Whole.Count == 0))
        {
            var ruling = await guards.Screen(ring!, [ScanUnit.Output(_strange.ToString())], left);
            Record(ruling);
            if (ruling.Stops || ruling.FixedText is not null)
            {
                return ruling;
            }
        }

        _end = new Screened.Deliverable(200, Body: null, _text.ToString(), _recorded);
        return null;
    }

    private SaidText SaidAt(AnswerPlace place)
    {
        if (!_said.TryGetValue(place, out var said))
        {
            _said[place] = said = new(new(ring!.OpenStream(place.Stage, place.Choice)));
        }

        return said;
    }

    private async ValueTask<Ruling?> Push(AnswerText piece, SaidText said, bool final)
    {
        if (!said.Text.Ended)
        {
            said.Before.Append(piece.Text);
            Sample(piece);
        }

        var answers = final && said.Text.QuestionsBefore(piece.Text) is { Count: > 0 } questions ? await guards.Ask(questions, left) : null;
        var (released, ruling) = said.Text.Push(piece.Text, final, answers);
        said.After.Append(released);
        if (ruling is not null)
        {
            guards.Note(ruling);
            Record(ruling);
        }

        return ruling is { Stops: true } ? ruling : null;
    }

    private void Sample(AnswerText text)
    {
        if (text.Place.Field == AnswerField.Content && _text.Length < SampleLength)
        {
            _text.Append(text.Text);
        }
    }

    private void Record(Ruling ruling) => _recorded = _recorded == Outcome.Unlabelled ? Screened.Of(ruling) : _recorded;

    private void Hold(HeldEvent one)
    {
        one.Text?.Text.Wait(one.IsRest ? 0 : one.Event.Piece!.Value.Text.Length);
        _held.Enqueue(one);
        _heldBytes += one.Bytes.Length;
        if (_heldBytes > _mostBytesWaiting)
        {
            throw new InvalidDataException("The stream goes on without a text that may leave.");
        }
    }

    protected override void Flush()
    {
        foreach (var one in _held)
        {
            one.Text?.Text.Detach();
        }

        Release(all: _end is not null);
    }

    // In the order they came, up to the first that has to wait.
    private void Release(bool all)
    {
        while (_held.TryPeek(out var next) && (all || _strange.Length == 0) && next.Text?.Text.MayLeave(next.Until) != false)
        {
            _held.Dequeue();
            _heldBytes -= next.Bytes.Length;
            Send(next);
        }
    }

    private void Send(HeldEvent one)
    {
        var edits = one.Edits;
        var release = one.Event.IsLast || one.Event.Strange is not null;
        if (one.Text is { } said)
        {
            var isChanged = said.Text.IsChanged;
            var rest = isChanged ? said.Text.Rest() : one.Event.Piece!.Value.Text;
            if (isChanged && rest.Length == 0)
            {
                _shift -= one.IsRest ? 0 : 1; // What it said left with another event, or does not leave.
                return;
            }

            if (!isChanged)
            {
                said.Text.Left(one.Until);
                if (one.IsRest)
                {
                    return;
                }
            }
            else
            {
                edits.Add(one.Event.Piece!.Value with { Text = rest });
            }

            release |= rest.Length > 0;
        }

        _shift += one.IsRest ? 1 : 0;
        var number = one.IsRest ? _next : one.Event.Number + _shift;
        _next = number + 1;
        Forward(edits.Count == 0 && _shift == 0 ? one.Bytes : ResponseEvent.With(SseReader.Data(one.Bytes), edits, number), release);
    }

    private Screened.Blocked Block(Ruling ruling)
    {
        _held.Clear();
        var response = _response?.DeepClone().AsObject() ?? new JsonObject { ["object"] = "response" };
        if (!_sink.Started)
        {
            Forget();
            return new(Events(ResponseAnswer.Stopped(response, Screened.SafeTextOf(ruling))), _text.ToString(), ruling);
        }

        // The caller keeps what left: none of it is what was stopped.
        ResponseAnswer.Stopped(response, "");
        response["output"] = new JsonArray([.. _said.Where(s => s.Key.Field == AnswerField.Content).OrderBy(s => s.Key.Choice).ThenBy(s => s.Key.Index).Select(s => Said(s.Key, s.Value))]);
        _sink.Stream(ResponseEvent.Of(new() { ["type"] = "response.incomplete", ["sequence_number"] = _next, ["response"] = response }));
        return new([], _text.ToString(), ruling);
    }

    private JsonObject Said(AnswerPlace place, SaidText said) => new()
    {
        ["type"] = "message",
        ["id"] = _ids.GetValueOrDefault(place.Choice, "msg_backstop"),
        ["role"] = "assistant",
        ["status"] = "incomplete",
        ["content"] = new JsonArray(new JsonObject { ["type"] = "output_text", ["text"] = said.After.ToString()[..^said.Text.Unsent.Length], ["annotations"] = new JsonArray() }),
    };

    // The shortest stream that says a response: each item as it is added, its texts in one piece each, and the whole.
    private static byte[] Events(JsonObject response)
    {
        var begun = response.DeepClone().AsObject();
        (begun["status"], begun["incomplete_details"], begun["output"]) = ("in_progress", null, new JsonArray());
        List<JsonObject> events = [new() { ["type"] = "response.created", ["response"] = begun }];
        var number = 0;
        foreach (var item in response["output"]!.AsArray())
        {
            AddItem(item!.AsObject(), number++, events);
        }

        events.Add(new() { ["type"] = "response.incomplete", ["response"] = response.DeepClone() });
        return [.. events.SelectMany((e, index) =>
        {
            e["sequence_number"] = index;
            return ResponseEvent.Of(e);
        })];
    }

    private static void AddItem(JsonObject item, int number, List<JsonObject> events)
    {
        var empty = item.DeepClone().AsObject();
        if (empty["content"] is JsonArray)
        {
            empty["content"] = new JsonArray();
        }

        JsonObject About(string type, params (string Name, JsonNode? Value)[] more)
        {
            var about = new JsonObject { ["type"] = type, ["output_index"] = number };
            foreach (var (name, value) in more)
            {
                about[name] = value?.DeepClone();
            }

            return about;
        }

        events.Add(About("response.output_item.added", ("item", empty)));
        var index = 0;
        foreach (var part in item["content"] as JsonArray ?? [])
        {
            (string, JsonNode?)[] where = [("item_id", item["id"]), ("content_index", index++)];
            if ((string?)part!["text"] is { } text && (string?)part["type"] == "output_text")
            {
                var blank = part.DeepClone();
                blank["text"] = "";
                events.Add(About("response.content_part.added", [.. where, ("part", blank)]));
                events.Add(About("response.output_text.delta", [.. where, ("delta", text), ("logprobs", new JsonArray())]));
                events.Add(About("response.output_text.done", [.. where, ("text", text), ("logprobs", new JsonArray())]));
            }
            else
            {
                events.Add(About("response.content_part.added", [.. where, ("part", part)]));
            }

            events.Add(About("response.content_part.done", [.. where, ("part", part)]));
        }

        events.Add(About("response.output_item.done", ("item", item)));
    }

    /// <summary>A text that is said in pieces, as the model said it and as the ring leaves it.</summary>
    private sealed class SaidText(HeldText text)
    {
        public HeldText Text => text;

        public StringBuilder Before { get; } = new();

        public StringBuilder After { get; } = new();

        /// <summary>The last event that added to it: what is left is written like it.</summary>
        public byte[] Like { get; set; } = [];
    }

    /// <param name="Bytes">The event as it came; where it is a rest, one that it is written like.</param>
    private sealed record HeldEvent(byte[] Bytes, ResponseEvent Event)
    {
        /// <summary>The text it adds to; null when it adds to none.</summary>
        public SaidText? Text { get; set; }

        /// <summary>Where in that text its piece ends.</summary>
        public int Until { get; set; }

        /// <summary>Whether it is no event that came, but carries what fitted into none.</summary>
        public bool IsRest { get; init; }

        /// <summary>Texts that it says whole, as they may be said.</summary>
        public List<AnswerText> Edits { get; } = [];
    }
}
