using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backstop.GatewayBench.Load;
using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <summary>Where processor time goes at full speed, by component; needs <c>perf</c>.</summary>
/// <remarks>
/// Samples of the processor's time, each counted where it was and not for who called it. Code that was compiled ahead and is not used
/// often has no name, and counts for its library by where it lies.
/// </remarks>
internal sealed class Profile(Contenders contenders, TextWriter output)
{
    private const int Connections = 64;

    private const int Rounds = 4;

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Whether the profiler is there.</summary>
    public static bool IsPossible => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "perf")));

    /// <summary>Profiles some contenders, each for so long in all once it is warm, and writes a table and a file.</summary>
    /// <param name="functions">How many of each component the file names, the hottest first.</param>
    public async Task Run(IEnumerable<string> names, TimeSpan warm, TimeSpan duration, int functions, string results)
    {
        // The processes that are started inherit it: a file with the names of what the runtime compiles, where the profiler looks for it.
        Environment.SetEnvironmentVariable("DOTNET_PerfMapEnabled", "1");
        Environment.SetEnvironmentVariable("DOTNET_EnableWriteXorExecute", "0");
        var before = Machine.Load();
        List<Running> all = [];
        try
        {
            foreach (var name in names)
            {
                var contender = contenders.Named(name)!;
                all.Add(new(contender, await contender.Start!()));
                await all[^1].Load().Saturate(warm);
            }

            // In turn, so that whatever else the machine does meets all alike.
            for (var round = 0; round < Rounds; round++)
            {
                foreach (var one in all)
                {
                    await one.Record(duration / Rounds, Path.ChangeExtension(results, ".perf"));
                }
            }

            Write([.. all.Select(one => one.Profile(functions))], before, duration, results);
        }
        finally
        {
            all.ForEach(one => one.Server.Dispose());
        }
    }

    private void Write(IReadOnlyList<Profiled> all, string before, TimeSpan duration, string results)
    {
        var components = all.SelectMany(one => one.Components).GroupBy(part => part.Component).OrderByDescending(parts => parts.Sum(part => part.Microseconds));
        output.WriteLine($"Processor time of a request by component, µs, at full speed; {Connections} connections.\n");
        output.WriteLine($"| | {string.Join(" | ", all.Select(one => one.Name))} |");
        output.WriteLine($"| --- |{string.Concat(all.Select(_ => " --- |"))}");
        output.WriteLine($"| all | {string.Join(" | ", all.Select(one => $"{one.CpuMicroseconds:0.0}"))} |");
        foreach (var component in components)
        {
            output.WriteLine($"| {component.Key} | {string.Join(" | ", all.Select(one => $"{one.Components.FirstOrDefault(part => part.Component == component.Key)?.Microseconds ?? 0:0.0}"))} |");
        }

        File.WriteAllText(results, JsonSerializer.Serialize(new { machine = Machine.Describe(before), connections = Connections, seconds = duration.TotalSeconds, profiles = all }, Readable));
    }

    private static async Task<string> Perf(params string[] arguments)
    {
        using var perf = Process.Start(new ProcessStartInfo("perf", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = await perf.StandardOutput.ReadToEndAsync();
        await perf.WaitForExitAsync();
        return perf.ExitCode == 0 ? said : throw new InvalidOperationException($"perf {arguments[0]} ended with {perf.ExitCode}; may this account profile? (kernel.perf_event_paranoid)");
    }

    /// <summary>One that runs, and what was seen of it so far.</summary>
    private sealed class Running(Contenders.Contender contender, ServerProcess server)
    {
        private readonly Dictionary<(string Component, string Function), int> _samples = [];
        private TimeSpan _cpu;
        private long _answers;

        public ServerProcess Server => server;

        public LoadRun Load() => new(server.Port, contender.Workload, Connections);

        public async Task Record(TimeSpan duration, string recording)
        {
            var before = server.Cpu;
            var load = Load().Saturate(duration + TimeSpan.FromSeconds(0.5));
            await Perf("record", "-q", "-e", "cpu-clock", "-F", "1999", "-p", $"{server.Id}", "-o", recording, "--", "sleep", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture));
            _answers += (await load).Answers;
            _cpu += server.Cpu - before;
            foreach (var line in (await Perf("script", "-i", recording, "-F", "ip,sym,dso")).Split('\n'))
            {
                if (Sample.Of(line) is { } sample)
                {
                    _samples[sample] = _samples.GetValueOrDefault(sample) + 1;
                }
            }

            File.Delete(recording);
        }

        public Profiled Profile(int functions)
        {
            var all = _cpu.TotalMicroseconds / _answers;
            double sum = _samples.Values.Sum();
            double Micros(int samples) => Math.Round(all * samples / sum, 2);
            return new(contender.Name, all,
            [
                .. _samples.GroupBy(sample => sample.Key.Component).OrderByDescending(part => part.Sum(s => s.Value)).Select(part => new Part(
                    part.Key, Micros(part.Sum(s => s.Value)), [.. part.OrderByDescending(s => s.Value).Take(functions).Select(s => new Function(s.Key.Function, Micros(s.Value)))])),
            ]);
        }
    }

    private sealed record Profiled(string Name, double CpuMicroseconds, IReadOnlyList<Part> Components);

    private sealed record Part(string Component, double Microseconds, IReadOnlyList<Function> Hottest);

    private sealed record Function(string Name, double Microseconds);
}
