using System.Diagnostics;
using System.Globalization;

namespace Backstop.Commands;

/// <summary>Says on standard error how far a long computation is: nothing in the first two seconds, then a line every two.</summary>
internal sealed class Progress(TextWriter errors, long steps)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private readonly Lock _writing = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = Pause;
    private string _part = "";
    private long _done;

    /// <summary>Names what comes now.</summary>
    public void Begin(string part) => _part = part;

    /// <summary>One step is done. Any thread may say so.</summary>
    public void Step()
    {
        var done = Interlocked.Increment(ref _done);
        if (_clock.Elapsed < _next)
        {
            return;
        }

        lock (_writing)
        {
            if (_clock.Elapsed >= _next)
            {
                _next = _clock.Elapsed + Pause;
                errors.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,6:0} s  {(double)done / steps,4:0%}  {_part}"));
            }
        }
    }
}
