using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <summary>How a proxy is asked while it is measured.</summary>
/// <param name="Connections">Most requests under way.</param>
/// <param name="Rate">Requests a second, evenly spread; null for as many as the connections can bring.</param>
/// <param name="HalfOfYarp">At half of what plain YARP could do when it was warmed, whatever <paramref name="Rate"/> says.</param>
internal sealed record Demand(int Connections, double? Rate = null, bool HalfOfYarp = false)
{
    public override string ToString() => Rate is { } rate ? $"{rate:0}/s" : $"{Connections} {(Connections == 1 ? "connection" : "connections")}";
}

/// <summary>A part of the comparison that is short enough to be measured by itself, and long enough to be believed.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="What">What it measures.</param>
/// <param name="Names">Of its contenders.</param>
/// <param name="Demands">What each of them meets in turn.</param>
/// <param name="ShowsLatency">Whether its table tells times of answers.</param>
/// <param name="Seconds">Length of one measurement when nothing else is said.</param>
/// <param name="Fresh">Whether each measurement begins with a process that was just started, as after a crash or a deployment.</param>
/// <param name="Repetitions">How often each is measured, in turn, when nothing else is said.</param>
/// <param name="Starts">How often all of it is done with new processes; above 1 they are warmed in turn, too, and what a process does between its turns counts.</param>
internal sealed record Piece(
    string Name, string What, IReadOnlyList<string> Names, IReadOnlyList<Demand> Demands, bool ShowsLatency = false, double Seconds = 2, bool Fresh = false,
    int Starts = 1, int Repetitions = 5)
{
    public const int Saturation = 32;

    // Above what is under way at any of these rates: a request that waits for a connection of ours would be charged to the proxy.
    private const int Plenty = 256;

    private static readonly string[] Forwarders = [Contenders.Nginx, Contenders.Bare, Contenders.Yarp, Contenders.YarpThatLogs, Contenders.Plain, Contenders.Ring];

    public static readonly IReadOnlyList<Piece> All =
    [
        new("cost", "Processor time of a whole answer when all proxies do as much as they can.",
            [Contenders.Nginx, Contenders.Bare, Contenders.Yarp, Contenders.Plain, Contenders.PlainBefore, Contenders.Ring, Contenders.RingBefore, Contenders.RingOnProse, Contenders.RingOnProseBefore],
            [new(Saturation)]),
        new("portkey", "Throughput beside Portkey's gateway, which checks nothing.", [Contenders.Portkey, Contenders.Plain], [new(Saturation)]),
        new("aliases", "Whether ten thousand aliases, each with a release and a policy of its own, cost more than ten, and whether ten thousand tenants cost YARP and nginx more.",
            [Contenders.Ten, Contenders.TenBefore, Contenders.TenThousandAskedTen, Contenders.TenThousandByPopularity, Contenders.TenThousand, Contenders.TenThousandBefore,
                Contenders.YarpTen, Contenders.YarpTenThousandByPopularity, Contenders.YarpTenThousand, Contenders.YarpTenApart, Contenders.YarpTenThousandApart,
                Contenders.NginxTen, Contenders.NginxTenThousandByPopularity, Contenders.NginxTenThousand],
            [new(Saturation)], Seconds: 0.5, Starts: 5, Repetitions: 15),
        new("latency", "What a proxy adds to the time of a whole answer, at fixed rates.",
            [Contenders.Direct, Contenders.Yarp, Contenders.Plain], [new(Plenty, 200), new(Plenty, 1000), new(Plenty, HalfOfYarp: true)], ShowsLatency: true),
        new("streams", "What a proxy adds to the time to the first token of a stream, and what a stream takes.",
            [Contenders.DirectStreamed, Contenders.NginxStreamed, Contenders.YarpStreamed, Contenders.PlainStreamed, Contenders.RingStreamed], [new(Plenty, 100)], ShowsLatency: true, Seconds: 10),
        new("regimes", "Processor time of a whole answer when there is little to do: few connections, or modest rates.",
            Forwarders, [new(1), new(4), new(16), new(64), new(Plenty, 500), new(Plenty, 2000)]),
        new("start", "Processor time of a whole answer in the first seconds of a process.", Forwarders, [new(Plenty, 200)], Fresh: true),
    ];
}
