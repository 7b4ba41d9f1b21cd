using Backstop.Protocol;

namespace Backstop.Gateway.Fleet;

/// <summary>Batches that control has not said are durable, oldest first. They are sent again on every new connection.</summary>
/// <param name="most">How many are kept; beyond that the oldest go.</param>
/// <param name="mostBytes">How many bytes they may have together, as they are sent; beyond that the oldest go, down to one.</param>
internal sealed class UnacknowledgedBatches(int most, long mostBytes)
{
    private readonly Lock _gate = new();
    private readonly Queue<PackedBatch> _batches = new();
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
    public int Add(PackedBatch batch)
    {
        lock (_gate)
        {
            if (_batches.Count == 0)
            {
                _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            _batches.Enqueue(batch);
            _bytes += batch.Bytes.Length;
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

    /// <summary>All that are kept now, oldest first.</summary>
    public IReadOnlyList<PackedBatch> All()
    {
        lock (_gate)
        {
            return [.. _batches];
        }
    }

    /// <summary>Ends when everything kept now, and what is added until then, was acknowledged.</summary>
    public Task Emptied()
    {
        lock (_gate)
        {
            return _emptied.Task;
        }
    }

    private void Forget() => _bytes -= _batches.Dequeue().Bytes.Length;

    private static TaskCompletionSource Completed()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
