using System.Diagnostics;
using System.Globalization;

namespace Backstop.CommandLine;

/// <summary>Says on standard error how far a long work is: nothing in the first two seconds, then a line every ten.</summary>
internal sealed class ProgressLine(TextWriter errors, string work)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = Patience;

    /// <param name="done">Share of the work, 0 to 1.</param>
    public void Report(double done)
    {
        if (_clock.Elapsed < _next || done >= 1)
        {
            return;
        }

        _next = _clock.Elapsed + Interval;
        var left = TimeSpan.FromTicks((long)(_clock.Elapsed.Ticks * (1 - done) / Math.Max(done, 1e-6)));
        errors.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{work}: {done:P0}, about {Math.Ceiling(left.TotalSeconds)} s left"));
    }
}
