using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Backstop.RingBench;

/// <summary>What was measured, and on what.</summary>
internal sealed record Report(string Machine, IReadOnlyList<Row> Rows)
{
    private const string Hostile = "hostile: ";

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
        var hostile = Rows.Where(row => row.Kind.StartsWith(Hostile, StringComparison.Ordinal)).ToList();
        Table(text, "hostile 20 KB: worst mean µs", ["worst", "which"], (contender, column) =>
        {
            var worst = hostile.Where(row => row.Contender == contender).MaxBy(Cost);
            return worst is null ? "" : column == "which" ? worst.Kind[Hostile.Length..] : Invariant($"{Cost(worst):0}");
        });

        // All of them, the costliest first, for what looks at a whole text: a reader need not take the worst one on trust.
        var whole = hostile.Where(row => Contender.Whole.Contains(row.Contender)).ToList();
        Table(
            text, "hostile 20 KB: mean µs", whole.GroupBy(row => row.Kind).OrderByDescending(rows => rows.Max(Cost)).Select(rows => rows.Key), [.. whole.Select(row => row.Contender).Distinct()],
            (kind, contender) => whole.FirstOrDefault(row => (row.Kind, row.Contender) == (kind, contender)) is { } row ? Invariant($"{Cost(row):0}") : "", kind => kind[Hostile.Length..]);
        if (Rows.Any(row => row.Kind == Texts.Own))
        {
            Table(text, "texts of the file", ["µs per KB, processor", "p50 / p99 µs", "bytes allocated"], (contender, column) =>
                Rows.FirstOrDefault(row => row.Contender == contender && row.Kind == Texts.Own) is not { } row ? ""
                : column[0] == 'µ' ? Invariant($"{Cost(row) * 1024 / row.Size:0.0}")
                : column[0] == 'p' ? Invariant($"{row.P50:0.#} / {row.P99:0.#}")
                : Invariant($"{row.Bytes:0}"));
        }

        return text.ToString();
    }

    private Row? Find(string contender, string kind, int size) => Rows.FirstOrDefault(row => row.Contender == contender && row.Kind == kind && row.Size == size);

    private static double Cost(Row row) => row.Processor ?? row.P50;

    private void Table<T>(StringBuilder text, string title, IReadOnlyList<T> columns, Func<string, T, string> cell) =>
        Table(text, title, Rows.Select(row => row.Contender).Distinct(), columns, cell, contender => contender);

    private static void Table<T>(StringBuilder text, string title, IEnumerable<string> rows, IReadOnlyList<T> columns, Func<string, T, string> cell, Func<string, string> name)
    {
        text.AppendLine().AppendLine($"| {title} | {string.Join(" | ", columns)} |").AppendLine($"|{string.Concat(Enumerable.Repeat(" --- |", columns.Count + 1))}");
        foreach (var row in rows)
        {
            text.AppendLine($"| {name(row)} | {string.Join(" | ", columns.Select(column => cell(row, column)))} |");
        }
    }

    private static string Invariant(FormattableString value) => FormattableString.Invariant(value);

    private static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
        : "unknown";
}
