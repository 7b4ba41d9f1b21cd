namespace Backstop.Gateway.Limits;

/// <summary>Takes so many requests a second in the long run, and a burst of them at once after a quiet time.</summary>
/// <remarks>
/// The generic cell rate algorithm (ITU-T I.371): one number, the time at which the bucket would be full again. What is
/// allowed is said with every request, so a limit that is tightened holds from the next request on, and nothing is
/// forgotten. A clock that steps back (it is monotonic; tests do it) only lets less through.
/// </remarks>
public sealed class RateLimit(TimeProvider time)
{
    private static readonly TimeSpan Closed = TimeSpan.FromSeconds(30);

    private readonly long _began = time.GetTimestamp();
    private long _full; // In ticks of TimeSpan since the beginning.

    /// <summary>Whether nothing was taken for so long that it is as if new.</summary>
    public bool IsFull => Volatile.Read(ref _full) <= Now;

    private long Now => time.GetElapsedTime(_began).Ticks;

    /// <summary>Takes one request. Returns how long to wait for the next try, or null when it was taken.</summary>
    public TimeSpan? Take(double perSecond, int burst)
    {
        if (perSecond <= 0)
        {
            return Closed; // Nobody knows when it opens again.
        }

        var between = (long)(TimeSpan.TicksPerSecond / perSecond);
        var now = Now;
        while (true)
        {
            var full = Volatile.Read(ref _full);
            var next = Math.Max(full, now) + between;
            var early = next - now - (between * burst);
            if (early > 0)
            {
                return TimeSpan.FromTicks(Math.Min(early, Closed.Ticks));
            }

            if (Interlocked.CompareExchange(ref _full, next, full) == full)
            {
                return null;
            }
        }
    }

    /// <summary>Gives back what was taken for a request that was then refused for another reason.</summary>
    public void GiveBack(double perSecond) => Interlocked.Add(ref _full, -(long)(TimeSpan.TicksPerSecond / perSecond));
}
