using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>What gateways said about newly started requests of one release: what a rollback is verified on.</summary>
public sealed class StartedRequests(string release)
{
    // A minute of four batches a second from a few gateways; older ones cannot be after the convergence that is watched.
    private const int Kept = 1024;

    private readonly Queue<Started> _recent = new();

    /// <summary>The digest.</summary>
    public string Release => release;

    /// <summary>When the first request ever was started on it, or null.</summary>
    public DateTimeOffset? First { get; private set; }

    /// <summary>Takes in what a batch says.</summary>
    public void Add(Started started)
    {
        if (started.Release != release || started.Count == 0)
        {
            return;
        }

        var first = DateTimeOffset.FromUnixTimeMilliseconds(started.FirstMs);
        First = First is { } known && known <= first ? known : first;
        _recent.Enqueue(started);
        if (_recent.Count > Kept)
        {
            _recent.Dequeue();
        }
    }

    /// <summary>When the first one after a moment was started, as far as it is known; null when there was none.</summary>
    public DateTimeOffset? FirstAfter(DateTimeOffset moment)
    {
        var ms = moment.ToUnixTimeMilliseconds();
        var after = _recent.Where(s => s.LastMs > ms).Select(s => s.FirstMs > ms ? s.FirstMs : s.LastMs).DefaultIfEmpty(0).Min();
        return after == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(after);
    }

    /// <summary>How many were started after a moment. Of an entry that spans it, one is known for certain: its last.</summary>
    public long After(DateTimeOffset moment)
    {
        var ms = moment.ToUnixTimeMilliseconds();
        return _recent.Where(s => s.LastMs > ms).Sum(s => s.FirstMs > ms ? s.Count : 1);
    }
}
