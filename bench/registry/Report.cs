using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Backstop.RegistryBench;

/// <summary>What was measured, and on what.</summary>
/// <param name="FillSeconds">How long it took to write the history; null when it was there.</param>
/// <param name="StartSeconds">From the start of the control plane to its first listener.</param>
/// <param name="Check">What the check of the whole journal answered, and after how long; null when it was not asked.</param>
internal sealed record Report(
    string Store, int Entries, int Releases, double? FillSeconds, double StartSeconds, string? Check, string On, IReadOnlyList<Reading> Readings)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    /// <summary>The processor, the runtime, and how busy the machine is.</summary>
    public static string Machine()
    {
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim()
            : null;
        var load = File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{processor ?? "unknown"}, {Environment.ProcessorCount} core(s), {RuntimeInformation.FrameworkDescription}; load average {load}; {DateTimeOffset.UtcNow:yyyy-MM-dd}");
    }

    public string ToJson() => JsonSerializer.Serialize(this, Readable);

    public string ToTable()
    {
        var text = new StringBuilder()
            .AppendLine(On)
            .AppendLine(FormattableString.Invariant($"{Store}: {Entries} entries, {Releases} releases{(FillSeconds is { } s ? $", written in {s:0} s" : "")}; the control plane starts in {StartSeconds:0.0} s"))
            .AppendLine()
            .AppendLine("| read | p50 ms | p99 ms | CPU ms | bytes |")
            .AppendLine("| --- | --- | --- | --- | --- |");
        foreach (var reading in Readings)
        {
            text.AppendLine(FormattableString.Invariant($"| {reading.What} | {reading.P50:0.00} | {reading.P99:0.00} | {reading.Cpu:0.00} | {reading.Bytes:0} |"));
        }

        return (Check is null ? text : text.AppendLine().AppendLine($"check: {Check}")).ToString();
    }
}
