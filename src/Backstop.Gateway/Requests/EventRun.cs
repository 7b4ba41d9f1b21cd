namespace Backstop.Gateway.Requests;

/// <summary>One streamed answer on its way through, event by event.</summary>
/// <param name="mostBytesWaiting">How much may come before the first text.</param>
internal abstract class EventRun(AnswerSink sink, int mostBytesWaiting)
{
    private readonly List<byte[]> _prelude = [];
    private int _waiting;

    /// <summary>One event; not null when the answer must not go on.</summary>
    public abstract ValueTask<Screened?> Take(ReadOnlyMemory<byte> bytes);

    /// <summary>The stream is over.</summary>
    /// <param name="problem">What is wrong if it is over too soon.</param>
    public abstract ValueTask<Screened> End(string problem);

    /// <summary>The release failed; a caller who has seen something is told inside the stream.</summary>
    public Screened Fail(ApiError error, bool brokeOff = false, bool replaced = false)
    {
        if (sink.Started)
        {
            Flush();
            sink.Stream(ErrorEvent(error));
        }

        return new Screened.Failed(error, BrokeOff: brokeOff, Replaced: replaced);
    }

    /// <summary>Lets leave what may and still waits, before a stream ends too soon.</summary>
    protected abstract void Flush();

    /// <summary>How an error looks inside the stream.</summary>
    protected abstract byte[] ErrorEvent(ApiError error);

    /// <summary>Sends an event. What comes before the first text waits, so that a blocked answer can still be asked of another release.</summary>
    /// <param name="release">Whether it says something.</param>
    protected void Forward(ReadOnlySpan<byte> bytes, bool release)
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

    /// <summary>Drops what waits.</summary>
    protected void Forget() => _prelude.Clear();
}
