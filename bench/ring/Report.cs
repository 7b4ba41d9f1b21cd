using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Backstop.RingBench;

/// <summary>What was measured, and on what.</summary>
internal sealed record Report(string Machine, IReadOnlyList<Row> Rows)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true };

    public static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";

    public static string Describe(string loadBefore) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Processor()}, {Environment.ProcessorCount} core(s) used, {RuntimeInformation.FrameworkDescription}; load average {loadBefore} before, {Load()} after; {DateTimeOffset.UtcNow:yyyy-MM-dd}");

    public string ToJson() => JsonSerializer.Serialize(this, Readable);

    public string ToTables()
    {
        var text = new StringBuilder().AppendLine(Machine);
        Table(text, "clean text: p50 / p99 µs", Texts.Sizes, (contender, size) =>
            Find(contender, "clean", size) is { } row ? Invariant($"{row.P50:0.#} / {row.P99:0.#}") : "");
        Table(text, "clean text: processor time, mean µs", Texts.Sizes, (contender, size) => Find(contender, "clean", size)?.Processor is { } micros ? Invariant($"{micros:0.#}") : "");
        Table(text, "clean text: MB/s", Texts.Sizes, (contender, size) => Find(contender, "clean", size) is { } row ? Invariant($"{row.MegabytesPerSecond:0}") : "");
        Table(text, "clean text: bytes allocated", Texts.Sizes, (contender, size) => Find(contender, "clean", size)?.Bytes is { } bytes ? Invariant($"{bytes:0}") : "");
        Table(text, "found, of the texts of all sizes", ["personal data", "attack", "abuse", "clean"], (contender, kind) =>
        {
            var rows = Rows.Where(row => row.Contender == contender && row.Kind == kind).ToList();
            return Invariant($"{rows.Sum(row => row.Found)} of {rows.Sum(row => row.Texts)}");
        });
        string[] hostile = [.. Rows.Select(row => row.Kind).Where(kind => kind.StartsWith("hostile", StringComparison.Ordinal)).Distinct()];
        Table(text, "hostile 20 KB: worst mean µs", ["worst", "which"], (contender, column) =>
        {
            var worst = Rows.Where(row => row.Contender == contender && hostile.Contains(row.Kind)).MaxBy(row => row.Processor ?? row.P50);
            return worst is null ? "" : column == "which" ? worst.Kind["hostile: ".Length..] : Invariant($"{worst.Processor ?? worst.P50:0}");
        });
        if (Rows.Any(row => row.Kind == Texts.Own))
        {
            Table(text, "texts of the file", ["µs per KB, processor", "p50 / p99 µs", "bytes allocated"], (contender, column) =>
                Rows.FirstOrDefault(row => row.Contender == contender && row.Kind == Texts.Own) is not { } row ? ""
                : column[0] == 'µ' ? Invariant($"{(row.Processor ?? row.P50) * 1024 / row.Size:0.0}")
                : column[0] == 'p' ? Invariant($"{row.P50:0.#} / {row.P99:0.#}")
                : Invariant($"{row.Bytes:0}"));
        }

        return text.ToString();
    }

    private Row? Find(string contender, string kind, int size) => Rows.FirstOrDefault(row => row.Contender == contender && row.Kind == kind && row.Size == size);

    private void Table<T>(StringBuilder text, string title, IReadOnlyList<T> columns, Func<string, T, string> cell)
    {
        text.AppendLine().AppendLine($"| {title} | {string.Join(" | ", columns)} |").AppendLine($"|{string.Concat(Enumerable.Repeat(" --- |", columns.Count + 1))}");
        foreach (var contender in Rows.Select(row => row.Contender).Distinct())
        {
            text.AppendLine($"| {contender} | {string.Join(" | ", columns.Select(column => cell(contender, column)))} |");
        }
    }

    private static string Invariant(FormattableString value) => FormattableString.Invariant(value);

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
        : "unknown";
}
