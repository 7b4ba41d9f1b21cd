namespace Backstop.Gateway.Limits;

/// <summary>What one alias, or one of its callers, uses of this gateway now.</summary>
public sealed class Usage(TimeProvider time)
{
    private readonly RateLimit _rate = new(time);
    private int _open;

    /// <summary>Whether forgetting it would change nothing.</summary>
    public bool IsIdle => Volatile.Read(ref _open) == 0 && _rate.IsFull;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Begins a request, which <see cref="End"/> ends. Returns why not, or null.</summary>
    internal Excess? Begin(Core.Routing.Limits limits)
    {
        if (Interlocked.Increment(ref _open) > (limits.Concurrent ?? int.MaxValue))
        {
            End();
            return new(IsRate: false, TimeSpan.FromSeconds(1));
        }

        if (limits.RequestsPerSecond is { } rate && _rate.Take(rate, limits.Burst ?? (int)Math.Max(1, Math.Ceiling(rate))) is { } wait)
        {
            End();
            return new(IsRate: true, wait);
        }

        return null;
    }

    /// <summary>A request that was begun here was refused elsewhere, and counts for nothing.</summary>
    internal void Revoke(Core.Routing.Limits limits)
    {
        if (limits.RequestsPerSecond is > 0 and var rate)
        {
            _rate.GiveBack(rate);
        }

        End();
    }

    public void End() => Interlocked.Decrement(ref _open);
}

/// <summary>Why a request is more than a limit allows.</summary>
/// <param name="IsRate">Too many in a while, not at one time.</param>
/// <param name="Wait">When to try again.</param>
internal readonly record struct Excess(bool IsRate, TimeSpan Wait);
