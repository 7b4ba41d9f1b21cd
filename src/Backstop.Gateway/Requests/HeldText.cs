using System.Text;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Requests;

/// <summary>One text of a streamed answer on its way through the ring: how much of it was said, and what of that may leave.</summary>
/// <remarks>
/// While the ring lets it pass as it was said, the events that carry it leave as they came, each when all of its piece may. Where the ring
/// changed something no event's piece fits any more, and where a piece is long its caller should not wait for its end: then whatever may
/// leave goes with the next event, rewritten.
/// </remarks>
internal sealed class HeldText(OutputStream stream)
{
    // Models write a few characters at a time; whoever sends this many at once may have to wait for the end of a sentence.
    private const int LongPiece = 64;

    private readonly StringBuilder _undecided = new();
    private readonly StringBuilder _unsent = new();
    private bool _isEdited;
    private bool _isDetached;
    private int _waiting;
    private int _sent;
    private int _free;

    /// <summary>Characters that were said so far.</summary>
    public int Said { get; private set; }

    /// <summary>Whether what leaves is not what was said, piece by piece.</summary>
    public bool IsChanged => _isEdited || _isDetached;

    /// <summary>Whether the ring has given its answer. What is said after it does not leave.</summary>
    public bool Ended => stream.Ended;

    /// <inheritdoc cref="OutputStream.QuestionsBefore"/>
    public IReadOnlyList<RemoteQuestion> QuestionsBefore(string last) => stream.QuestionsBefore(last);

    /// <summary>A piece was said.</summary>
    /// <returns>What the ring released, and its answer once there is one.</returns>
    public StreamStep Push(string piece, bool final, IReadOnlyList<RemoteAnswer>? answers)
    {
        if (_isDetached && _waiting + _unsent.Length + _undecided.Length == 0)
        {
            (_isDetached, _sent, _free) = (false, Said, Said); // Everything before it has left: pieces fit again.
        }

        Said += piece.Length;
        if (Ended)
        {
            _isEdited |= piece.Length > 0;
            return new("", null);
        }

        var step = stream.Push(piece, final, answers);
        if (!_isEdited)
        {
            Compare(piece, step.Released, final);
        }

        _unsent.Append(step.Released);
        return step;
    }

    /// <summary>An event with a piece of it, the last that was said, will wait until it may leave.</summary>
    public void Wait(int length)
    {
        _waiting++;
        _isDetached |= length > LongPiece && !MayLeave(Said);
    }

    /// <summary>Whether everything up to a character may leave.</summary>
    public bool MayLeave(int until) => IsChanged || until <= _free;

    /// <summary>An event left as it came, with the text up to a character.</summary>
    public void Left(int until)
    {
        _waiting--;
        _unsent.Remove(0, until - _sent);
        _sent = until;
    }

    /// <summary>What may leave and has not; it leaves with the next event.</summary>
    public string Rest()
    {
        _waiting--;
        var rest = Unsent;
        _unsent.Clear();
        return rest;
    }

    /// <summary>What the ring released of it and no event took along yet.</summary>
    public string Unsent => _unsent.ToString();

    /// <summary>The events that wait with pieces of it need not wait any longer: whatever may leave goes with the first.</summary>
    public void Detach() => _isDetached = true;

    private void Compare(string piece, string released, bool final)
    {
        if (_undecided.Length == 0 && released == piece)
        {
            _free += released.Length; // Nearly always, and then there is nothing to keep.
            return;
        }

        _undecided.Append(piece);
        if (Begins(_undecided, released) && (!final || released.Length == _undecided.Length))
        {
            _undecided.Remove(0, released.Length);
            _free += released.Length;
        }
        else
        {
            _isEdited = true;
            _undecided.Clear();
        }
    }

    private static bool Begins(StringBuilder text, string beginning)
    {
        if (beginning.Length > text.Length)
        {
            return false;
        }

        var at = 0;
        foreach (var chunk in text.GetChunks())
        {
            var length = Math.Min(chunk.Length, beginning.Length - at);
            if (!chunk.Span[..length].SequenceEqual(beginning.AsSpan(at, length)))
            {
                return false;
            }

            at += length;
        }

        return true;
    }
}
