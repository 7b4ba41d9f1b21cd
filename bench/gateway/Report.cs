using System.Runtime.InteropServices;
using System.Text.Json;

namespace Backstop.GatewayBench;

/// <summary>What was measured, and on what.</summary>
internal sealed record Report(Machine Machine, Plan Plan, IReadOnlyList<Result> Results)
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public string ToJson() => JsonSerializer.Serialize(this, Readable);

    /// <summary>A table in Markdown: what each costs, and what it adds to the time of an answer that is asked for directly.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine($"{Machine.Processor}, {Machine.Cores} cores, {Machine.System}, {Machine.Runtime}; load average {Machine.LoadBefore} before, {Machine.LoadAfter} after.");
        output.WriteLine($"Medians of {Plan.Repetitions} alternating repetitions of {Plan.Seconds} s; one core for the proxy, another for load and model server.");
        var yarp = Results.FirstOrDefault(r => r.Name == "YARP");
        double[] rates = [.. Results.Where(r => !r.Streams).SelectMany(r => r.Latencies).Select(l => l.Rate).Distinct().Order()];
        var headers = rates.Select(r => $"added at {r:0}/s: p50, p99, p99.9 µs");
        output.WriteLine();
        Row(output, ["whole answers", "CPU µs", "lowest to highest", "× YARP", "answers/s", "MiB", .. headers, "failed"]);
        Row(output, Enumerable.Repeat("---", rates.Length + 7));
        foreach (var result in Results.Where(r => !r.Streams))
        {
            Row(output, [.. Cost(result, yarp), Number(result.PerSecond), Number(result.Mebibytes), .. rates.Select(r => Added(result, "direct", r)), $"{result.Failed}"]);
        }

        var yarpStreams = Results.FirstOrDefault(r => r.Name == "YARP, streamed");
        output.WriteLine();
        Row(output, ["streams", "CPU µs", "lowest to highest", "× YARP", "MiB", $"first byte, added at {Plan.StreamRate:0}/s: p50, p99, p99.9 µs", "failed"]);
        Row(output, Enumerable.Repeat("---", 7));
        foreach (var result in Results.Where(r => r.Streams))
        {
            Row(output, [.. Cost(result, yarpStreams), Number(result.Mebibytes), Added(result, "direct, streamed", Plan.StreamRate), $"{result.Failed}"]);
        }
    }

    /// <summary>What was wanted, and what was measured.</summary>
    public void WriteTargets(TextWriter output)
    {
        output.WriteLine();
        Row(output, ["target", "wanted", "measured", ""]);
        Row(output, Enumerable.Repeat("---", 4));
        foreach (var (what, measured, wanted, isMet) in Targets.Of(Results))
        {
            Row(output, [what, $"{wanted:0.0}", $"{measured:0.00}", isMet ? "met" : "not met"]);
        }
    }

    private static string[] Cost(Result result, Result? yarp) =>
    [
        result.Name, Number(result.CpuMicroseconds), result.CpuSpread is [var low, var high] ? $"{low:0} to {high:0}" : "",
        result.CpuMicroseconds / yarp?.CpuMicroseconds is { } ratio ? $"{ratio:0.00}" : "",
    ];

    private string Added(Result result, string direct, double rate)
    {
        var base0 = Results.FirstOrDefault(r => r.Name == direct)?.Latencies.FirstOrDefault(l => l.Rate == rate);
        return result.Latencies.FirstOrDefault(l => l.Rate == rate) is not { } at
            ? ""
            : base0 is null || ReferenceEquals(at, base0)
                ? $"({at.P50Microseconds:0}, {at.P99Microseconds:0}, {at.P999Microseconds:0})"
                : $"{at.P50Microseconds - base0.P50Microseconds:0}, {at.P99Microseconds - base0.P99Microseconds:0}, {at.P999Microseconds - base0.P999Microseconds:0}";
    }

    private static string Number(double? value) => value is { } number ? $"{number:0}" : "";

    private static void Row(TextWriter output, IEnumerable<string> cells) => output.WriteLine($"| {string.Join(" | ", cells)} |");
}

/// <summary>Where it ran. Averages of load above what the benchmark itself makes mean that others used the machine.</summary>
internal sealed record Machine(string Processor, int Cores, string System, string Runtime, string LoadBefore, string LoadAfter, string Date)
{
    public static string Load() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]);

    public static Machine Describe(string loadBefore) => new(
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown",
        File.ReadLines("/proc/cpuinfo").Count(l => l.StartsWith("processor", StringComparison.Ordinal)),
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        loadBefore,
        Load(),
        DateTimeOffset.UtcNow.ToString("yyyy-MM-dd"));
}
