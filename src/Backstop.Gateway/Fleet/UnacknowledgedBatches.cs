using System.Runtime.InteropServices;
using Backstop.Protocol;
using Google.Protobuf;

namespace Backstop.Gateway.Fleet;

/// <summary>Batches that control has not said are durable, oldest first. They are sent again on every new connection.</summary>
/// <param name="most">How many are kept; beyond that the oldest go.</param>
/// <param name="mostBytes">How many bytes they may have together, as they are sent; beyond that the oldest go, down to one.</param>
internal sealed class UnacknowledgedBatches(int most, long mostBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<Kept> _batches = new();
    private long _bytes;
    private TaskCompletionSource _emptied = Completed();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _batches.Count;
            }
        }
    }

    /// <summary>Keeps a batch, and says how many older ones were dropped for it.</summary>
    /// <param name="forLong">Whether nobody is there to take it: then it is kept as the bytes it is sent in, which are far fewer.</param>
    public int Add(SignalBatch batch, bool forLong = false)
    {
        var packed = forLong ? batch.ToByteArray() : null;
        var kept = new Kept(batch.Sequence, packed?.Length ?? batch.CalculateSize(), forLong ? null : batch, packed);
        lock (_gate)
        {
            if (_batches.Count == 0)
            {
                _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            _batches.Enqueue(kept);
            _bytes += kept.Size;
            var dropped = 0;
            for (; _batches.Count > most || (_bytes > mostBytes && _batches.Count > 1); dropped++)
            {
                Forget();
            }

            return dropped;
        }
    }

    /// <summary>Forgets the batches up to a sequence number.</summary>
    public void Acknowledge(ulong sequence)
    {
        lock (_gate)
        {
            while (_batches.TryPeek(out var oldest) && oldest.Sequence <= sequence)
            {
                Forget();
            }

            if (_batches.Count == 0)
            {
                _emptied.TrySetResult();
            }
        }
    }

    /// <summary>All that are kept now, oldest first; each is unpacked when it is its turn.</summary>
    public IEnumerable<SignalBatch> All()
    {
        Kept[] all;
        lock (_gate)
        {
            all = [.. _batches];
        }

        return all.Select(kept => kept.Batch ?? SignalBatch.Parser.ParseFrom(kept.Packed));
    }

    /// <summary>Ends when everything kept now, and what is added until then, was acknowledged.</summary>
    public Task Emptied()
    {
        lock (_gate)
        {
            return _emptied.Task;
        }
    }

    private void Forget() => _bytes -= _batches.Dequeue().Size;

    private static TaskCompletionSource Completed()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Kept(ulong Sequence, int Size, SignalBatch? Batch, byte[]? Packed);
}
