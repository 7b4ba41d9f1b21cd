using Backstop.Protocol;

namespace Backstop.Gateway.Fleet;

/// <summary>Batches that control has not said are durable, oldest first. They are sent again on every new connection.</summary>
/// <param name="most">How many are kept; beyond that the oldest go.</param>
internal sealed class UnacknowledgedBatches(int most)
{
    private readonly Lock _gate = new();
    private readonly Queue<SignalBatch> _batches = new();
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
    public int Add(SignalBatch batch)
    {
        lock (_gate)
        {
            if (_batches.Count == 0)
            {
                _emptied = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            _batches.Enqueue(batch);
            var dropped = 0;
            for (; _batches.Count > most; dropped++)
            {
                _batches.Dequeue();
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
                _batches.Dequeue();
            }

            if (_batches.Count == 0)
            {
                _emptied.TrySetResult();
            }
        }
    }

    /// <summary>All of them now, oldest first.</summary>
    public SignalBatch[] All()
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

    private static TaskCompletionSource Completed()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
