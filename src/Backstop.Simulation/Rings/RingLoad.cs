using System.Diagnostics;
using Backstop.Core.Guards;

namespace Backstop.Simulation.Rings;

/// <summary>Measures what a ring adds to a request: one check after the other, or each on a thread of its own.</summary>
public static class RingLoad
{
    /// <summary>Sends texts at a steady rate, whether or not the last is done, and counts time from when each was due.</summary>
    /// <param name="rings">One ring for all checks, or one for each; those of one request run at once on as many threads.</param>
    /// <param name="rate">Requests a second.</param>
    public static LoadFigures Run(IReadOnlyList<Ring> rings, IReadOnlyList<string> texts, double rate, TimeSpan time)
    {
        foreach (var text in texts)
        {
            Screen(rings[0], text);
        }

        using var lanes = new Lanes(rings);
        var micros = new List<double>();
        var clock = Stopwatch.StartNew();
        for (var i = 0; clock.Elapsed < time; i++)
        {
            var due = TimeSpan.FromSeconds(i / rate);
            SpinWait.SpinUntil(() => clock.Elapsed >= due);
            lanes.Judge(texts[i % texts.Count]);
            micros.Add((clock.Elapsed - due).TotalMicroseconds);
        }

        micros.Sort();
        return new LoadFigures(micros.Count / clock.Elapsed.TotalSeconds, At(micros, 0.5), At(micros, 0.99));
    }

    /// <summary>Processor time that one text costs, with nothing else going on: mean and mean square, in seconds.</summary>
    public static (double Mean, double Square) Cost(Ring ring, IReadOnlyList<string> texts, TimeSpan time)
    {
        var (sum, squares, count) = (0.0, 0.0, 0);
        var cpu = CpuTime();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time;)
        {
            foreach (var text in texts)
            {
                var begun = Stopwatch.GetTimestamp();
                Screen(ring, text);
                var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
                (sum, squares, count) = (sum + seconds, squares + (seconds * seconds), count + 1);
            }
        }

        // A call is timed by the clock, which also runs while others have the core: what the process did not get is taken off.
        var share = Math.Min(1, (CpuTime() - cpu).TotalSeconds / sum);
        return (sum / count * share, squares / count * share * share);
    }

    private static TimeSpan CpuTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    private static void Screen(Ring ring, string text) => ring.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)]);

    private static double At(List<double> sorted, double share) => Math.Round(sorted[Math.Min(sorted.Count - 1, (int)(share * sorted.Count))], 1);

    /// <summary>The threads beside the caller's: each waits for a text and judges it with a ring of its own.</summary>
    private sealed class Lanes : IDisposable
    {
        private readonly Barrier _start;
        private readonly Barrier _end;
        private readonly Ring _own;
        private volatile string? _text;

        public Lanes(IReadOnlyList<Ring> rings)
        {
            _own = rings[0];
            (_start, _end) = (new Barrier(rings.Count), new Barrier(rings.Count));
            foreach (var ring in rings.Skip(1))
            {
                new Thread(() => Work(ring)) { IsBackground = true }.Start();
            }
        }

        public void Judge(string text)
        {
            _text = text;
            _start.SignalAndWait();
            Screen(_own, text);
            _end.SignalAndWait();
        }

        public void Dispose()
        {
            _text = null;
            _start.SignalAndWait();
            _end.SignalAndWait();
            _start.Dispose();
            _end.Dispose();
        }

        private void Work(Ring ring)
        {
            while (true)
            {
                _start.SignalAndWait();
                if (_text is not { } text)
                {
                    _end.RemoveParticipant();
                    return;
                }

                Screen(ring, text);
                _end.SignalAndWait();
            }
        }
    }
}

/// <param name="Rate">Requests a second that were served.</param>
/// <param name="P50">Microseconds from when a request was due until all checks had answered.</param>
public sealed record LoadFigures(double Rate, double P50, double P99);
