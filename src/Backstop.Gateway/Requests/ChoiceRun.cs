using System.Text;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>A streamed answer in choices: what the ring still holds back waits, all else leaves as the bytes it came in.</summary>
internal sealed class ChoiceRun(RingSession? ring, ChoiceForm form, AnswerSink sink, int mostBytesWaiting, OutsideGuards guards, CancellationToken left)
    : EventRun(sink, mostBytesWaiting)
{
    private const int SampleLength = 4096;

    private readonly Dictionary<AnswerPlace, OutputStream> _open = [];
    private readonly AnswerSink _sink = sink;
    private readonly StringBuilder _text = new();
    private Outcome _recorded = Outcome.Unlabelled;
    private byte[] _last = [];
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

        _last = data.ToArray();
        var edits = new List<AnswerText>();
        var before = new List<byte[]>();
        var release = false;
        foreach (var part in ChoiceEvent.Read(data, form))
        {
            foreach (var text in part.Texts)
            {
                var step = await Push(text, part.Ends);
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
                if (await Finish(part.Choice, before) is { } ruling)
                {
                    return Block(part.Choice, ruling);
                }
            }
        }

        Pass(bytes.Span, edits, before, release);
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

    private async ValueTask<StreamStep> Push(AnswerText text, bool final)
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

        var answers = final && stream.QuestionsBefore(text.Text) is { Count: > 0 } questions ? await guards.Ask(questions, left) : null;
        var step = stream.Push(text.Text, final, answers);
        Record(step.Ruling);
        return step;
    }

    /// <summary>Ends every text of a choice. What was held back comes free, in events before the ending, which may have no text of its own.</summary>
    /// <returns>The ruling that stops the answer, or null.</returns>
    private async ValueTask<Ruling?> Finish(int choice, List<byte[]> before)
    {
        var places = _open.Keys.Where(p => p.Choice == choice).ToList();
        if (places.Count == 0)
        {
            places.Add(new(choice, form.Main)); // It said nothing, and that too is an answer to be judged.
        }

        foreach (var place in places)
        {
            var step = await Push(new(place, ""), final: true);
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

    private async ValueTask<Screened?> CloseAll()
    {
        foreach (var choice in _open.Keys.Select(p => p.Choice).Distinct().ToList())
        {
            var rest = new List<byte[]>();
            if (await Finish(choice, rest) is { } ruling)
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
        if (!_sink.Started)
        {
            return new Screened.Blocked(
                ChoiceEvent.Safe(_last, form, choice, Screened.SafeTextOf(ruling)), _text.ToString(), ruling);
        }

        _sink.Stream(ChoiceEvent.Stop(_last, form, choice));
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
}
