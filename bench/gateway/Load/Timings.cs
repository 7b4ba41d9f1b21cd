using System.Diagnostics;

namespace Backstop.GatewayBench.Load;

/// <summary>What a run of requests took. Of a streamed answer the time to its first byte counts.</summary>
/// <param name="PerSecond">Answers a second.</param>
/// <param name="Failed">Connections that broke or brought something that is no good answer.</param>
internal sealed record Timings(long Answers, double PerSecond, double P50Microseconds, double P99Microseconds, double P999Microseconds, int Failed)
{
    public static Timings Of(List<long> latencies, long[] unanswered, int failed, TimeSpan elapsed)
    {
        long[] sorted = [.. latencies, .. unanswered];
        Array.Sort(sorted);
        return new(latencies.Count, latencies.Count / elapsed.TotalSeconds, At(sorted, 0.5), At(sorted, 0.99), At(sorted, 0.999), failed);
    }

    private static double At(long[] sorted, double share) => sorted.Length == 0
        ? double.NaN
        : Stopwatch.GetElapsedTime(0, sorted[Math.Min((int)(share * sorted.Length), sorted.Length - 1)]).TotalMicroseconds;
}
