namespace Backstop.Core.Registry;

/// <summary>A time in which no exposure may rise: a holiday, a launch, every weekend. A rollback is never held back by it.</summary>
/// <param name="From">When it begins.</param>
/// <param name="Until">When it ends, itself outside the window.</param>
/// <param name="Reason">Why, for whoever has to wait.</param>
/// <param name="EveryWeek">Whether it comes again every seven days.</param>
public sealed record FreezeWindow(DateTimeOffset From, DateTimeOffset Until, string Reason, bool EveryWeek = false)
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    /// <summary>When the window that holds a moment ends, or null when the moment is in none.</summary>
    public DateTimeOffset? EndOf(DateTimeOffset at)
    {
        if (at < From || Until <= From)
        {
            return null;
        }

        var begins = EveryWeek ? From + (Week * Math.Floor((at - From) / Week)) : From;
        var ends = begins + (Until - From);
        return at < ends ? ends : null;
    }
}
