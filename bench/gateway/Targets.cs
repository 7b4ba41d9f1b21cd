using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <summary>What we want of the gateway, as ratios within one run of a piece, and what was measured.</summary>
internal static class Targets
{
    /// <summary>One line for each that was measured; a piece or contender that was left out takes its targets with it.</summary>
    public static IEnumerable<(string What, double Measured, double Wanted, bool IsMet)> Of(IReadOnlyList<Report> reports)
    {
        Report? Piece(string name) => reports.FirstOrDefault(r => r.Piece == name);
        foreach (var (what, measured, most) in ((string, double?, double)[])
        [
            ("CPU without ring, × YARP", Cpu(Piece("cost"), Contenders.Plain) / Cpu(Piece("cost"), Contenders.Yarp), 0.6),
            ("CPU with the default ring, × YARP without one", Cpu(Piece("cost"), Contenders.Ring) / Cpu(Piece("cost"), Contenders.Yarp), 1.0),
            ("CPU with the default ring on many texts, × YARP without one", Cpu(Piece("cost"), Contenders.RingOnProse) / Cpu(Piece("cost"), Contenders.Yarp), 1.0),
            ("CPU with 10,000 aliases and policies, × with 10, where 10 are asked", Piece("aliases")?.Times(Contenders.TenThousandAskedTen, Contenders.Ten)?.Median, 1.1),
            ("the same, where all are asked by popularity", Piece("aliases")?.Times(Contenders.TenThousandByPopularity, Contenders.Ten)?.Median, 1.1),
            ("the same, where all are asked in turn", Piece("aliases")?.Times(Contenders.TenThousand, Contenders.Ten)?.Median, 1.1),
            ("added p99 at half of YARP's most, × YARP's", AddedP99(Piece("latency"), Contenders.Plain) / AddedP99(Piece("latency"), Contenders.Yarp), 2.0),
            ("added to the first token at p99, ms", FirstToken(Piece("streams")), 1.0),
            .. new[] { "regimes", "start" }.SelectMany(name => EachDemand(Piece(name))),
        ])
        {
            if (measured is { } value)
            {
                yield return (what, value, most, value <= most);
            }
        }

        if (PerSecond(Piece("portkey"), Contenders.Plain) / PerSecond(Piece("portkey"), Contenders.Portkey) is { } times)
        {
            yield return ("throughput, × Portkey", times, 8, times >= 8);
        }
    }

    private static IEnumerable<(string What, double? Measured, double Most)> EachDemand(Report? report)
    {
        foreach (var yarp in report?.Named(Contenders.Yarp)?.Under ?? [])
        {
            double? Ratio(string name) => report!.Named(name)?.Under.FirstOrDefault(m => m.Demand == yarp.Demand)?.CpuMicroseconds / yarp.CpuMicroseconds;
            var when = $"{(report!.Piece == "start" ? "just started, " : "")}{yarp.Demand}";
            yield return ($"CPU without ring, × YARP: {when}", Ratio(Contenders.Plain), 0.6);
            yield return ($"CPU with the default ring, × YARP without one: {when}", Ratio(Contenders.Ring), 1.0);
        }
    }

    private static double? Cpu(Report? report, string name) => report?.Named(name)?.Under[0].CpuMicroseconds;

    private static double? PerSecond(Report? report, string name) => report?.Named(name)?.Under[0].PerSecond;

    // The last rate is half of what YARP can do.
    private static double? AddedP99(Report? report, string name) =>
        report?.Named(name)?.Under[^1].P99Microseconds - report?.Named(Contenders.Direct)?.Under[^1].P99Microseconds;

    private static double? FirstToken(Report? report) =>
        (report?.Named(Contenders.PlainStreamed)?.Under[0].P99Microseconds - report?.Named(Contenders.DirectStreamed)?.Under[0].P99Microseconds) / 1000;
}
