using System.Text;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <param name="Released">Text that may be sent now; often all that was pushed, sometimes nothing.</param>
/// <param name="Ruling">The ring's answer once there is one: at the end, or when the text must stop. Null before.</param>
public readonly record struct StreamStep(string Released, Ruling? Ruling);

/// <summary>Screens one text of an answer while it is being written. Not for use by two threads at once.</summary>
/// <remarks>
/// Text leaves as soon as every check in force has decided about it. What is released, put together, is exactly what
/// screening the finished text would deliver, however the stream was cut; when the text is stopped, no character of what
/// stopped it has left.
/// </remarks>
public sealed class OutputStream
{
    private readonly Screening _screening;
    private readonly StringBuilder? _all;
    private char[] _buffer = new char[256];
    private int _length;
    private int _origin;
    private int _released;
    private bool _edited;

    internal OutputStream(Screening screening) => (_screening, _all) = (screening, screening.IsNoted ? new StringBuilder() : null);

    /// <summary>Whether the ring has answered. A further push is a bug.</summary>
    public bool Ended { get; private set; }

    /// <summary>Whether any character was released, after which the answer cannot be asked of another release.</summary>
    public bool AnyReleased { get; private set; }

    /// <summary>Characters that came in and are neither released nor dropped.</summary>
    public int Held => _origin + _length - _released;

    /// <summary>What those outside are to be asked before the text ends; nothing where nobody is.</summary>
    /// <param name="last">What is still to be pushed.</param>
    public IReadOnlyList<RemoteQuestion> QuestionsBefore(ReadOnlySpan<char> last) =>
        Ended || !_screening.Asks ? [] : _screening.QuestionsAbout(string.Concat(_buffer.AsSpan(0, _length), last));

    /// <param name="answers">At the end, what those outside said who were asked.</param>
    public StreamStep Push(ReadOnlySpan<char> text, bool final, IReadOnlyList<RemoteAnswer>? answers = null)
    {
        if (Ended)
        {
            throw new InvalidOperationException("The ring has already given its answer about this stream.");
        }

        _all?.Append(text);
        Append(text);
        var visible = Visible(final);
        if (final && _screening.Asks)
        {
            _screening.Take(answers ?? [], visible);
        }

        var limit = _screening.Advance(visible, _origin, final);
        if (_screening.Verdict.Stops())
        {
            return End("");
        }

        if (limit == _released && !final)
        {
            return new StreamStep("", null); // Nearly every piece of a sentence that is not over.
        }

        var released = Release(limit);
        if (final)
        {
            if (_edited)
            {
                // Checks of the whole text have held everything back until now, so this is all of it, or there are none.
                _screening.VerifyFixed(released);
            }

            return End(_screening.Verdict.Stops() ? "" : released);
        }

        AnyReleased |= released.Length > 0;
        Forget();
        return new StreamStep(released, null);
    }

    private StreamStep End(string released)
    {
        Ended = true;
        AnyReleased |= released.Length > 0;
        if (_all is not null)
        {
            _screening.Note(_all.ToString());
        }

        return new StreamStep(released, _screening.Rule(fixedText: null));
    }

    // Half of a surrogate pair is not a character yet.
    private ReadOnlySpan<char> Visible(bool final)
    {
        var visible = _buffer.AsSpan(0, _length);
        return !final && _length > 0 && char.IsHighSurrogate(visible[^1]) ? visible[..^1] : visible;
    }

    private string Release(int limit)
    {
        var text = _buffer.AsSpan(_released - _origin, limit - _released);
        var edits = _screening.EditsWithin(_released, limit);
        _edited |= !edits.IsEmpty;
        var released = EditMerger.Apply(text, _released, edits);
        _released = limit;
        _screening.ForgetEditsBefore(limit);
        return released;
    }

    private void Append(ReadOnlySpan<char> text)
    {
        if (_length + text.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + text.Length));
        }

        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    // Keeps what a check has still to decide about, and the bit before it that checks may look back at.
    private void Forget()
    {
        var needed = Math.Min(_released, _screening.Decided) - ScanWindow.Lookback;
        var drop = needed - _origin;
        if (drop >= ScanWindow.Lookback)
        {
            _buffer.AsSpan(drop, _length - drop).CopyTo(_buffer);
            _length -= drop;
            _origin += drop;
        }
    }
}
