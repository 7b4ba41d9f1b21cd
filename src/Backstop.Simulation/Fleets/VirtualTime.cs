namespace Backstop.Simulation.Fleets;

/// <summary>A clock that only moves when the next thing happens. Things due at the same instant happen in the order they were planned.</summary>
public sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (DateTimeOffset At, long Order)> _due = new();
    private long _order;

    /// <summary>The present instant. Every run starts at the same one.</summary>
    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Plans <paramref name="action"/> to happen after <paramref name="delay"/>.</summary>
    public void After(TimeSpan delay, Action action) => _due.Enqueue(action, (Now + delay, _order++));

    /// <summary>Plans <paramref name="action"/> again and again, first after one <paramref name="interval"/>.</summary>
    public void Every(TimeSpan interval, Action action) => After(interval, () =>
    {
        action();
        Every(interval, action);
    });

    /// <summary>Lets everything happen that is due within <paramref name="duration"/>.</summary>
    public void RunFor(TimeSpan duration)
    {
        var until = Now + duration;
        while (_due.TryPeek(out var action, out var due) && due.At <= until)
        {
            _due.Dequeue();
            Now = due.At;
            action();
        }

        Now = until;
    }

    /// <summary>Runs until <paramref name="reached"/> holds, looking after every step; false when <paramref name="limit"/> passed first.</summary>
    public bool RunUntil(Func<bool> reached, TimeSpan limit)
    {
        var until = Now + limit;
        while (!reached())
        {
            if (!_due.TryPeek(out _, out var due) || due.At > until)
            {
                Now = until;
                return false;
            }

            var action = _due.Dequeue();
            Now = due.At;
            action();
        }

        return true;
    }
}
