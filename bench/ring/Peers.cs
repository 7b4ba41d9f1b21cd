using System.Diagnostics;
using System.Text.Json;

namespace Backstop.RingBench;

/// <summary>Runs the peers in Node.js on the same texts.</summary>
internal static class Peers
{
    public static IReadOnlyList<Row> Measure(string node, string modules, string folder, IReadOnlyList<BenchText> texts, TimeSpan time)
    {
        var file = Path.Combine(folder, "texts.json");
        File.WriteAllText(file, JsonSerializer.Serialize(texts));
        var start = new ProcessStartInfo(node) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "peers.mjs"), file, FormattableString.Invariant($"{time.TotalSeconds}"), modules])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<List<Row>>(output)!
            : throw new InvalidOperationException($"peers.mjs ended with {process.ExitCode}; what it said stands above.");
    }
}
