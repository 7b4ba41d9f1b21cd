namespace Backstop.Gateway.Signals;

/// <summary>The time of day, which never goes back and never stands still.</summary>
/// <remarks>
/// A wall clock that is set back an hour would hold every count of that hour up: buckets are closed in order, by time. So
/// while the wall clock is behind what was told before, this one goes on at half speed until they meet. When the wall clock
/// is ahead (a machine that slept), this one follows at once. Not thread-safe.
/// </remarks>
public sealed class SteadyClock(TimeProvider time)
{
    private DateTimeOffset _told = time.GetUtcNow();
    private long _at = time.GetTimestamp();

    public DateTimeOffset Now()
    {
        var at = time.GetTimestamp();
        var passed = time.GetElapsedTime(_at, at);
        var wall = time.GetUtcNow();
        _told = wall >= _told + passed ? wall : _told + (passed / 2);
        _at = at;
        return _told;
    }
}
