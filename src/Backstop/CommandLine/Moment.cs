using System.Globalization;

namespace Backstop.CommandLine;

/// <summary>A moment as people write it.</summary>
internal static class Moment
{
    private static readonly string[] Clock = ["H:mm", "H:mm:ss"];

    /// <summary>Reads a whole time, in UTC where no zone stands, or a clock time: the last moment at which a clock of UTC showed it.</summary>
    /// <exception cref="CommandFailure">It is no time.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset now)
    {
        if (TimeOnly.TryParseExact(text, Clock, CultureInfo.InvariantCulture, DateTimeStyles.None, out var clock))
        {
            var today = new DateTimeOffset(DateOnly.FromDateTime(now.UtcDateTime), clock, TimeSpan.Zero);
            return today <= now ? today : today.AddDays(-1);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment
            : throw CommandFailure.Usage($"'{text}' is not a time: write 2026-11-27T03:12:00Z, or 03:12 for the last time a clock of UTC showed it.");
    }
}
