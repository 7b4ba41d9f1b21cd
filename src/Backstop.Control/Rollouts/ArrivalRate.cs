using Backstop.Protocol;

namespace Backstop.Control.Rollouts;

/// <summary>How many requests a second come to an alias, whichever release they are for.</summary>
public sealed class ArrivalRate(TimeProvider clock)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Queue<(long At, long Count)> _recent = new();

    /// <summary>Takes in what a batch says.</summary>
    public void Add(Started started) => _recent.Enqueue((clock.GetTimestamp(), started.Count));

    /// <summary>Over the last ten seconds; 0 while nobody told.</summary>
    public double PerSecond()
    {
        while (_recent.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.At) > Window)
        {
            _recent.Dequeue();
        }

        return _recent.Sum(r => r.Count) / Window.TotalSeconds;
    }
}
