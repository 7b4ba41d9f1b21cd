using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backstop.GatewayBench.Load;
using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <summary>Where our gateway's processor time goes at full speed, by component; needs <c>perf</c>.</summary>
/// <remarks>
/// Samples of the processor's time, each counted where it was and not for who called it. Code that was compiled ahead and is not used
/// often has no name, and counts for its library by where it lies.
/// </remarks>
internal sealed class Profile(Contenders contenders, TextWriter output)
{
    private const int Connections = 64;

    // Hottest functions that are told of each component.
    private const int Named = 8;

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Whether the profiler is there.</summary>
    public static bool IsPossible => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "perf")));

    /// <summary>Profiles some contenders, each for so long once it is warm, and writes a table and a file.</summary>
    public async Task Run(IEnumerable<string> names, TimeSpan warm, TimeSpan duration, string results)
    {
        // The processes that are started inherit it: a file with the names of what the runtime compiles, where the profiler looks for it.
        Environment.SetEnvironmentVariable("DOTNET_PerfMapEnabled", "1");
        Environment.SetEnvironmentVariable("DOTNET_EnableWriteXorExecute", "0");
        var before = Machine.Load();
        List<Profiled> all = [];
        foreach (var name in names)
        {
            all.Add(await Run(contenders.Named(name)!, warm, duration, Path.ChangeExtension(results, ".perf")));
        }

        output.WriteLine($"Shares of samples at full speed, {Connections} connections.\n");
        output.WriteLine($"| | {string.Join(" | ", all.Select(one => one.Name))} |");
        output.WriteLine($"| --- |{string.Concat(all.Select(_ => " --- |"))}");
        output.WriteLine($"| CPU µs a request | {string.Join(" | ", all.Select(one => $"{one.CpuMicroseconds:0.0}"))} |");
        foreach (var component in all.SelectMany(one => one.Components).GroupBy(part => part.Component).OrderByDescending(parts => parts.Sum(part => part.Percent)))
        {
            output.WriteLine($"| {component.Key} | {string.Join(" | ", all.Select(one => $"{one.Components.FirstOrDefault(part => part.Component == component.Key)?.Percent ?? 0:0.0} %"))} |");
        }

        await File.WriteAllTextAsync(results, JsonSerializer.Serialize(new { machine = Machine.Describe(before), connections = Connections, seconds = duration.TotalSeconds, profiles = all }, Readable));
    }

    private static async Task<Profiled> Run(Contenders.Contender contender, TimeSpan warm, TimeSpan duration, string recording)
    {
        using var server = await contender.Start!();
        await new LoadRun(server.Port, contender.Workload, Connections).Saturate(warm);
        var load = new LoadRun(server.Port, contender.Workload, Connections).Saturate(duration + TimeSpan.FromSeconds(1));
        var before = server.Cpu;
        await Perf("record", "-q", "-e", "cpu-clock", "-F", "1999", "-p", $"{server.Id}", "-o", recording, "--", "sleep", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture));
        var timings = await load;
        var cpu = (server.Cpu - before).TotalMicroseconds / timings.Answers;
        Dictionary<(string Component, string Function), int> samples = [];
        foreach (var line in (await Perf("script", "-i", recording, "-F", "ip,sym,dso")).Split('\n'))
        {
            if (Sample.Of(line) is { } sample)
            {
                samples[sample] = samples.GetValueOrDefault(sample) + 1;
            }
        }

        File.Delete(recording);
        double sum = samples.Values.Sum();
        return new(contender.Name, cpu,
        [
            .. samples.GroupBy(sample => sample.Key.Component).OrderByDescending(part => part.Sum(s => s.Value)).Select(part => new Part(
                part.Key, Math.Round(100 * part.Sum(s => s.Value) / sum, 2),
                [.. part.OrderByDescending(s => s.Value).Take(Named).Select(s => new Function(s.Key.Function, Math.Round(100 * s.Value / sum, 2)))])),
        ]);
    }

    private static async Task<string> Perf(params string[] arguments)
    {
        using var perf = Process.Start(new ProcessStartInfo("perf", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await perf.StandardOutput.ReadToEndAsync();
        await perf.WaitForExitAsync();
        return perf.ExitCode == 0 ? said : throw new InvalidOperationException($"perf {arguments[0]} ended with {perf.ExitCode}; may this account profile? (kernel.perf_event_paranoid)");
    }

    private sealed record Profiled(string Name, double CpuMicroseconds, IReadOnlyList<Part> Components);

    private sealed record Part(string Component, double Percent, IReadOnlyList<Function> Hottest);

    private sealed record Function(string Name, double Percent);
}
