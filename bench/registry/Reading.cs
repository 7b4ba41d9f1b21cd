using System.Diagnostics;

namespace Backstop.RegistryBench;

/// <summary>What one kind of read cost.</summary>
/// <param name="What">Which.</param>
/// <param name="P50">Milliseconds from the request to the end of the body.</param>
/// <param name="P99">The same; other programs' interruptions are in it.</param>
/// <param name="Cpu">Milliseconds of CPU of this process for one read: client and server, without PostgreSQL's own.</param>
/// <param name="Bytes">Size of an answer, the mean.</param>
internal sealed record Reading(string What, double P50, double P99, double Cpu, double Bytes)
{
    private const int WarmUp = 200;

    /// <summary>Measures one kind.</summary>
    public static async Task<Reading> Of(string what, int reads, Func<string> path, HttpClient http, CancellationToken cancel)
    {
        var times = new Times();
        for (var i = 0; i < WarmUp + reads; i++)
        {
            await times.Add(http, path(), i >= WarmUp, cancel);
        }

        return times.Summary(what);
    }

    /// <summary>Measures first pages and pages at 90 % of a list in turn, so that whatever else the machine does meets both alike.</summary>
    public static async Task<Reading[]> Both(string what, int reads, Func<bool, string> path, HttpClient http, CancellationToken cancel)
    {
        var (first, deep) = (new Times(), new Times());
        for (var i = 0; i < WarmUp + reads; i++)
        {
            await first.Add(http, path(false), i >= WarmUp, cancel);
            await deep.Add(http, path(true), i >= WarmUp, cancel);
        }

        return [first.Summary($"{what}, first page"), deep.Summary($"{what}, page at 90 %")];
    }

    private sealed class Times
    {
        private readonly List<double> _milliseconds = [];
        private double _cpu;
        private long _bytes;

        public async Task Add(HttpClient http, string path, bool isMeasured, CancellationToken cancel)
        {
            using var process = Process.GetCurrentProcess();
            var (cpu, at) = (process.TotalProcessorTime, Stopwatch.GetTimestamp());
            var body = await http.GetByteArrayAsync("/api/v1/" + path, cancel);
            var elapsed = Stopwatch.GetElapsedTime(at);
            if (isMeasured)
            {
                process.Refresh();
                _milliseconds.Add(elapsed.TotalMilliseconds);
                _cpu += (process.TotalProcessorTime - cpu).TotalMilliseconds;
                _bytes += body.Length;
            }
        }

        public Reading Summary(string what)
        {
            _milliseconds.Sort();
            return new(what, At(0.5), At(0.99), _cpu / _milliseconds.Count, (double)_bytes / _milliseconds.Count);
        }

        private double At(double share) => _milliseconds[(int)Math.Ceiling(share * _milliseconds.Count) - 1];
    }
}
