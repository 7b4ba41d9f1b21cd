namespace Backstop.GatewayBench;

/// <summary>What we want of the gateway, as ratios within one run, and what was measured.</summary>
internal static class Targets
{
    /// <summary>One line for each that could be measured; a contender that was left out takes its targets with it.</summary>
    public static IEnumerable<(string What, double Measured, double Wanted, bool IsMet)> Of(IReadOnlyList<Result> results)
    {
        var (ours, ring, many) = (Named(results, "Backstop"), Named(results, "Backstop, default ring"), Named(results, "Backstop, 10,000 aliases"));
        var (yarp, portkey) = (Named(results, "YARP"), Named(results, "Portkey"));
        foreach (var (what, measured, most) in ((string, double?, double)[])
        [
            ("CPU without ring, × YARP", ours?.CpuMicroseconds / yarp?.CpuMicroseconds, 0.6),
            ("CPU with the default ring, × YARP without one", ring?.CpuMicroseconds / yarp?.CpuMicroseconds, 1.0),
            ("CPU with 10,000 aliases, × with 10", many?.CpuMicroseconds / ours?.CpuMicroseconds, 1.1),
            ("added p99 at half of YARP's most, × YARP's", AddedP99(results, ours) / AddedP99(results, yarp), 2.0),
            ("added to the first token at p99, ms", FirstToken(results), 1.0),
        ])
        {
            if (measured is { } value)
            {
                yield return (what, value, most, value <= most);
            }
        }

        if (ours?.PerSecond / portkey?.PerSecond is { } times)
        {
            yield return ("throughput, × Portkey", times, 8, times >= 8);
        }
    }

    private static Result? Named(IReadOnlyList<Result> results, string name) => results.FirstOrDefault(r => r.Name == name);

    // The highest rate is half of what YARP can do.
    private static double? AddedP99(IReadOnlyList<Result> results, Result? result)
    {
        var direct = Named(results, "direct")?.Latencies;
        var rate = Named(results, "YARP")?.Latencies.Max(l => (double?)l.Rate);
        return P99(result?.Latencies, rate) - P99(direct, rate);
    }

    private static double? FirstToken(IReadOnlyList<Result> results) =>
        (FirstByte(Named(results, "Backstop, streamed")) - FirstByte(Named(results, "direct, streamed"))) / 1000;

    private static double? FirstByte(Result? result) => result is { Latencies: [var at, ..] } ? at.P99Microseconds : null;

    private static double? P99(IReadOnlyList<AtRate>? latencies, double? rate) => latencies?.FirstOrDefault(l => l.Rate == rate)?.P99Microseconds;
}
