using System.Runtime.InteropServices;
using System.Text.Json;
using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <summary>What was measured of a piece, and on what.</summary>
internal sealed record Report(Machine Machine, string Piece, Plan Plan, IReadOnlyList<Result> Results)
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Every report that lies in a folder, in the order of the pieces.</summary>
    public static IReadOnlyList<Report> In(string folder) =>
    [
        .. GatewayBench.Piece.All.Select(piece => FileOf(folder, piece.Name)).Where(File.Exists)
            .Select(file => JsonSerializer.Deserialize<Report>(File.ReadAllText(file), Readable)!),
    ];

    /// <summary>Each case with ten thousand tenants to its own with ten, and ours to another build's, where each was started several times.</summary>
    public IReadOnlyList<Ratio> Ratios =>
    [
        .. Results.Select(result => Times(result.Name, Contenders.TenOf(result.Name) ?? "")).OfType<Ratio>(),
        .. new[] { Times(Contenders.Ten, Contenders.TenBefore), Times(Contenders.TenThousand, Contenders.TenThousandBefore) }.OfType<Ratio>(),
    ];

    public void WriteTo(string folder) => File.WriteAllText(FileOf(folder, Piece), JsonSerializer.Serialize(this, Readable));

    /// <summary>A table in Markdown: what each costs, and what it adds to the time of an answer that is asked for directly.</summary>
    public void Write(TextWriter output)
    {
        var piece = GatewayBench.Piece.All.First(p => p.Name == Piece);
        output.WriteLine($"**{Piece}**: {piece.What}");
        output.WriteLine($"{Machine.Date}, {Machine.Processor}, {Machine.Cores} cores, {Machine.System}, {Machine.Runtime}; load average {Machine.LoadBefore} before, {Machine.LoadAfter} after.");
        output.WriteLine($"Medians of {(piece.Starts > 1 ? $"{piece.Starts} starts, each with " : "")}{Plan.Repetitions} alternating repetitions of {Plan.Seconds} s; one core for the proxy, another for load and model server.");
        output.WriteLine();
        var under = Results.Count > 0 ? Results[0].Under : [];
        Row(output, ["", .. under.SelectMany(m => Heads(m, piece)), "MiB", "failed"]);
        Row(output, Enumerable.Repeat("---", under.Sum(m => Heads(m, piece).Count()) + 3));
        foreach (var result in Results)
        {
            Row(output, [result.Name, .. under.SelectMany(m => Cells(result, m.Demand, piece)), Number(result.Mebibytes), $"{result.Failed}"]);
        }

        output.WriteLine();
        foreach (var ratio in Ratios.Where(ratio => ratio.Base != Contenders.TenOf(ratio.Name)))
        {
            output.WriteLine($"{ratio.Name}, × {ratio.Base}: {Cell(ratio)}");
        }

        output.WriteLine();
    }

    /// <summary>What was wanted, and what was measured.</summary>
    public static void WriteTargets(IReadOnlyList<Report> reports, TextWriter output)
    {
        Row(output, ["target", "wanted", "measured", ""]);
        Row(output, Enumerable.Repeat("---", 4));
        foreach (var (what, measured, wanted, isMet) in Targets.Of(reports))
        {
            Row(output, [what, $"{wanted:0.0}", $"{measured:0.00}", isMet ? "met" : "not met"]);
        }
    }

    /// <summary>
    /// How many times the processor time of another's answers one's take, where both were started several times and measured in turn: of the
    /// pairs of processes. Of five pairs the true median lies between the lowest and the highest 15 times in 16.
    /// </summary>
    public Ratio? Times(string one, string other)
    {
        if (Named(one)?.CpuOfStarts is not { Count: > 0 } above || Named(other)?.CpuOfStarts is not { } below)
        {
            return null;
        }

        double[] sorted = [.. above.Zip(below, (a, b) => a / b).Order()];
        return new(one, other, (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }

    public Result? Named(string name) => Results.FirstOrDefault(r => r.Name == name);

    private static string FileOf(string folder, string piece) => Path.Combine(folder, $"{piece}.json");

    private static IEnumerable<string> Heads(Measured under, Piece piece) => piece.ShowsLatency
        ? [$"CPU µs at {under.Demand}", $"added at {under.Demand}: p50, p99, p99.9 µs"]
        : under.Rate is null && piece.Demands.Count == 1
            ? ["CPU µs (lowest to highest)", piece.Starts > 1 ? "× ten of its own, median (lowest to highest start)" : "× YARP", "answers/s"]
            : [$"CPU µs at {under.Demand}", "× YARP"];

    private IEnumerable<string> Cells(Result result, string demand, Piece piece)
    {
        if (result.Under.FirstOrDefault(m => m.Demand == demand) is not { } at)
        {
            return piece.ShowsLatency || piece.Demands.Count > 1 ? ["", ""] : ["", "", ""];
        }

        var yarp = Named(Contenders.Yarp)?.Under.FirstOrDefault(m => m.Demand == demand)?.CpuMicroseconds;
        var ratio = piece.Starts > 1 ? Cell(Times(result.Name, Contenders.TenOf(result.Name) ?? ""))
            : at.CpuMicroseconds / yarp is { } times ? $"{times:0.00}" : "";
        return piece.ShowsLatency
            ? [Number(at.CpuMicroseconds), Added(result, at)]
            : at.Rate is null && piece.Demands.Count == 1
                ? [at.CpuLowest is { } low ? $"{at.CpuMicroseconds:0.0} ({low:0.0} to {at.CpuHighest:0.0})" : "", ratio, Number(at.PerSecond)]
                : [Number(at.CpuMicroseconds), ratio];
    }

    private string Added(Result result, Measured at)
    {
        var direct = Named(result.Streams ? Contenders.DirectStreamed : Contenders.Direct)?.Under.FirstOrDefault(m => m.Demand == at.Demand);
        return direct is null || ReferenceEquals(at, direct)
            ? $"({at.P50Microseconds:0}, {at.P99Microseconds:0}, {at.P999Microseconds:0})"
            : $"{at.P50Microseconds - direct.P50Microseconds:0}, {at.P99Microseconds - direct.P99Microseconds:0}, {at.P999Microseconds - direct.P999Microseconds:0}";
    }

    private static string Cell(Ratio? ratio) => ratio is null ? "" : $"{ratio.Median:0.000} ({ratio.Lowest:0.000} to {ratio.Highest:0.000})";

    private static string Number(double? value) => value is { } number ? $"{number:0}" : "";

    private static void Row(TextWriter output, IEnumerable<string> cells) => output.WriteLine($"| {string.Join(" | ", cells)} |");
}

/// <summary>How many times the processor time of a base's answers those of another take, of the pairs of processes of each start.</summary>
internal sealed record Ratio(string Name, string Base, double Median, double Lowest, double Highest);

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
