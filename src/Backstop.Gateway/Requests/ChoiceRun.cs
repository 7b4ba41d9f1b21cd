using System.Text;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>A streamed answer in choices: an event leaves as it came when the ring has let all of its texts pass.</summary>
internal sealed class ChoiceRun(RingSession? ring, ChoiceForm form, AnswerSink sink, int mostBytesWaiting, OutsideGuards guards, CancellationToken left)
    : EventRun(sink, mostBytesWaiting)
{
    private const int SampleLength = 4096;

    // Checks that must see a whole text hold all of its events. Beyond so much only the text itself is kept.
    private const int MostBytesHeld = 256 * 1024;

    private readonly Dictionary<AnswerPlace, HeldText> _open = [];
    private readonly Queue<HeldEvent> _held = new();
    private readonly AnswerSink _sink = sink;
    private readonly StringBuilder _text = new();
    private Outcome _recorded = Outcome.Unlabelled;
    private byte[] _last = [];
    private int _heldBytes;
    private bool _anyEnded;
    private bool _done;

    public override async ValueTask<Screened?> Take(ReadOnlyMemory<byte> bytes)
    {
        var data = SseReader.Data(bytes);
        if (data.Span.SequenceEqual("[DONE]"u8))
        {
            _done = true;
            if (await CloseAll() is { } stopped)
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

        // What comes later may have to be written like it.
        var copy = bytes.ToArray();
        _last = copy;
        var texts = new List<HeldPiece>();
        var anyEnds = false;
        foreach (var part in ChoiceEvent.Read(data, form))
        {
            foreach (var text in part.Texts)
            {
                var (held, ruling) = await Push(text, part.Ends);
                if (ruling is { Stops: true })
                {
                    return Block(part.Choice, ruling);
                }

                texts.Add(new(held, text.Place, held.Said, text.Text.Length));
            }

            if (part.Ends)
            {
                (anyEnds, _anyEnded) = (true, true);
                if (await Finish(part.Choice) is { } ruling)
                {
                    return Block(part.Choice, ruling);
                }
            }
        }

        Hold(new(copy, texts, anyEnds));
        Release();
        return null;
    }

    public override async ValueTask<Screened> End(string problem)
    {
        if (!_done && !_anyEnded)
        {
            return Fail(ApiError.UpstreamError(problem));
        }

        return await CloseAll() ?? new Screened.Deliverable(200, Body: null, _text.ToString(), _recorded);
    }

    protected override byte[] ErrorEvent(ApiError error) => ChoiceEvent.Error(error);

    private async ValueTask<(HeldText Text, Ruling? Ruling)> Push(AnswerText text, bool final)
    {
        if (!_open.TryGetValue(text.Place, out var held))
        {
            _open[text.Place] = held = new(ring!.OpenStream(text.Place.Stage, text.Place.Choice));
        }

        if (!held.Ended && text.Place.Field == form.Main && _text.Length < SampleLength)
        {
            _text.Append(text.Text);
        }

        var answers = final && held.QuestionsBefore(text.Text) is { Count: > 0 } questions ? await guards.Ask(questions, left) : null;
        var ruling = held.Push(text.Text, final, answers).Ruling;
        Record(ruling);
        return (held, ruling);
    }

    /// <summary>Ends every text of a choice. What is left of it and fits into no event leaves in one of its own, before the ending.</summary>
    /// <returns>The ruling that stops the answer, or null.</returns>
    private async ValueTask<Ruling?> Finish(int choice)
    {
        var places = _open.Where(p => p.Key.Choice == choice && !p.Value.Ended).Select(p => p.Key).ToList();
        if (places.Count == 0 && !_open.Keys.Any(p => p.Choice == choice))
        {
            places.Add(new(choice, form.Main)); // It said nothing, and that too is an answer to be judged.
        }

        foreach (var place in places)
        {
            var (held, ruling) = await Push(new(place, ""), final: true);
            if (ruling is { Stops: true })
            {
                return ruling;
            }

            Hold(new(_last, [new(held, place, held.Said, 0)], Ends: false) { IsRest = true });
        }

        return null;
    }

    private void Hold(HeldEvent one)
    {
        _held.Enqueue(one);
        _heldBytes += one.Bytes.Length;
        foreach (var piece in one.Texts)
        {
            piece.Text.Wait(piece.Length);
        }
    }

    // In the order they came, up to the first that has to wait.
    private void Release()
    {
        while (_held.TryPeek(out var next) && next.Texts.TrueForAll(t => t.Text.MayLeave(t.Until)))
        {
            _held.Dequeue();
            _heldBytes -= next.Bytes.Length;
            Send(next);
        }

        if (_heldBytes > MostBytesHeld)
        {
            Flush();
        }
    }

    /// <summary>Lets leave of all texts what may, without the events that wait with the rest of them.</summary>
    protected override void Flush()
    {
        foreach (var piece in _held.SelectMany(e => e.Texts))
        {
            piece.Text.Detach();
        }

        Release();
    }

    private void Send(HeldEvent one)
    {
        List<AnswerText>? edits = null;
        var release = one.Ends;
        foreach (var (text, place, until, length) in one.Texts)
        {
            if (text.IsChanged)
            {
                var rest = text.Rest();
                (edits ??= []).Add(new(place, rest));
                release |= rest.Length > 0;
            }
            else
            {
                text.Left(until);
                release |= length > 0;
            }
        }

        if (one.IsRest)
        {
            if (release)
            {
                Forward(ChoiceEvent.With(SseReader.Data(one.Bytes).Span, form, edits![0]), release);
            }
        }
        else if (edits is null)
        {
            Forward(one.Bytes, release);
        }
        else if (ChoiceEvent.WithTexts(SseReader.Data(one.Bytes).Span, form, edits) is { } changed)
        {
            Forward(changed, release);
        }
    }

    private async ValueTask<Screened?> CloseAll()
    {
        foreach (var choice in _open.Keys.Select(p => p.Choice).Distinct().ToList())
        {
            if (await Finish(choice) is { } ruling)
            {
                return Block(choice, ruling);
            }
        }

        Release();
        return null;
    }

    private Screened.Blocked Block(int choice, Ruling ruling)
    {
        var like = SseReader.Data(_last).Span;
        if (!_sink.Started)
        {
            return new Screened.Blocked(
                ChoiceEvent.Safe(like, form, choice, Screened.SafeTextOf(ruling)), _text.ToString(), ruling);
        }

        _sink.Stream(ChoiceEvent.Stop(like, form, choice));
        return new Screened.Blocked([], _text.ToString(), ruling);
    }

    private void Record(Ruling? ruling)
    {
        if (ruling is null)
        {
            return;
        }

        guards.Note(ruling);
        if (_recorded == Outcome.Unlabelled)
        {
            _recorded = Screened.Of(ruling);
        }
    }

    /// <param name="Bytes">The event as it came; where it is a rest, one that it is written like.</param>
    /// <param name="Ends">Whether it ends a choice.</param>
    private sealed record HeldEvent(byte[] Bytes, List<HeldPiece> Texts, bool Ends)
    {
        /// <summary>Whether it is no event that came, but carries what fitted into none.</summary>
        public bool IsRest { get; init; }
    }

    /// <param name="Until">Where in its text the event's piece ends.</param>
    private readonly record struct HeldPiece(HeldText Text, AnswerPlace Place, int Until, int Length);
}
