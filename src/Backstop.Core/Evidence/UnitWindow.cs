namespace Backstop.Core.Evidence;

/// <summary>Says which requests count where one user or conversation makes many: one in a while.</summary>
/// <remarks>
/// All requests of a unit have one arm, which was drawn once, and they resemble each other. The tests take a request for a draw of
/// its own: counted one by one, five equal requests a user took good releases back in one of forty trials instead of one of ten
/// thousand. So a unit counts once in a window. It counts again later, because a release may turn bad when every user was seen once;
/// what it then shows is not wholly new, and the shorter the window, the less the promised rate of false rollbacks holds.
/// </remarks>
/// <param name="window">A unit counts once in one to two of these.</param>
/// <param name="most">Units that are remembered in a window; with more the next one begins.</param>
public sealed class UnitWindow(TimeSpan window, int most)
{
    private HashSet<ulong> _now = [];
    private HashSet<ulong> _before = [];
    private DateTimeOffset? _since;

    /// <summary>Whether a request of a unit counts. It is remembered if so.</summary>
    /// <param name="unit">A hash of the unit with everything that makes it a new draw.</param>
    /// <param name="at">Now; on a clock that nobody sets.</param>
    public bool Counts(ulong unit, DateTimeOffset at)
    {
        if (at - (_since ??= at) >= window || _now.Count >= most)
        {
            (_now, _before, _since) = (_before, _now, at);
            _now.Clear();
        }

        return !_before.Contains(unit) && _now.Add(unit);
    }
}
