using Backstop.Core.Registry;

namespace Backstop.Gateway.Routing;

/// <summary>What one release's requests have saved up to be sent again: a bucket that every request fills a little and every retry empties by one.</summary>
/// <remarks>
/// When a pool fails as a whole, retries end after the reserve and go on at their share of the requests, so the load on what is
/// left never grows by more than that share. When one of many replicas dies, what a healthy minute saved up pays for the requests
/// that were at it. Where requests are few, their share would not pay for one replica that dies now and then: so the reserve
/// also fills by itself, one retry a second, which is no load.
/// </remarks>
public sealed class RetryBudget(Retries retries, TimeProvider time)
{
    /// <summary>What a bucket begins with, in retries: a replica that is dead when the first requests come costs nobody an answer.</summary>
    public const int Reserve = 10;

    /// <summary>What it holds at the most.</summary>
    public const int Most = 200;

    private const int Unit = 100_000;

    private readonly int _share = (int)(retries.BudgetPercent * Unit / 100);
    private int _saved = retries.BudgetPercent > 0 ? Reserve * Unit : 0;
    private long _filledAt = time.GetTimestamp();

    /// <summary>A request came.</summary>
    public void Save()
    {
        for (var saved = Volatile.Read(ref _saved); saved < Most * Unit;)
        {
            var before = Interlocked.CompareExchange(ref _saved, Math.Min(saved + _share, Most * Unit), saved);
            if (before == saved)
            {
                return;
            }

            saved = before;
        }
    }

    /// <summary>Takes one retry, if it is there.</summary>
    public bool TrySpend()
    {
        Fill();
        for (var saved = Volatile.Read(ref _saved); saved >= Unit;)
        {
            var before = Interlocked.CompareExchange(ref _saved, saved - Unit, saved);
            if (before == saved)
            {
                return true;
            }

            saved = before;
        }

        return false;
    }

    // Whoever moves the mark fills for all the time that it moved it over.
    private void Fill()
    {
        var (mark, now) = (Volatile.Read(ref _filledAt), time.GetTimestamp());
        var seconds = (int)Math.Min(Reserve, time.GetElapsedTime(mark, now).TotalSeconds);
        if (seconds < 1 || _share == 0 || Interlocked.CompareExchange(ref _filledAt, now, mark) != mark)
        {
            return;
        }

        for (var saved = Volatile.Read(ref _saved); saved < Reserve * Unit;)
        {
            var before = Interlocked.CompareExchange(ref _saved, Math.Min(saved + (seconds * Unit), Reserve * Unit), saved);
            if (before == saved)
            {
                return;
            }

            saved = before;
        }
    }
}
