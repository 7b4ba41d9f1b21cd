using Backstop.GatewayBench.Load;
using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <param name="Repetitions">How often each contender is measured, in turn with the others.</param>
/// <param name="Seconds">Length of one measurement.</param>
/// <param name="WarmSeconds">Longest load before the first.</param>
/// <param name="Connections">At saturation; as many may be under way at a fixed rate.</param>
/// <param name="Rates">Fixed rates, in requests a second; half of what plain YARP can do is added.</param>
/// <param name="StreamRate">Streams a second.</param>
internal sealed record Plan(
    int Repetitions, double Seconds, double WarmSeconds, int Connections, IReadOnlyList<double> Rates, double StreamRate, IReadOnlyList<string> Only);

/// <summary>One contender's figures, medians over the repetitions.</summary>
/// <param name="CpuMicroseconds">User and system time a request, or a stream; null for none.</param>
/// <param name="CpuSpread">Lowest and highest of the repetitions.</param>
/// <param name="PerSecond">Answers a second at saturation; null for streams.</param>
internal sealed record Result(
    string Name, bool Streams, double? CpuMicroseconds, double[]? CpuSpread, double? PerSecond, double? Mebibytes,
    IReadOnlyList<AtRate> Latencies, int Failed);

/// <summary>Latencies at a fixed rate, from when a request was due; of streams to their first byte.</summary>
internal sealed record AtRate(double Rate, double P50Microseconds, double P99Microseconds, double P999Microseconds);

/// <summary>Measures all contenders in turn, so that what the machine does meanwhile meets all alike.</summary>
internal sealed class Comparison(Plan plan, TextWriter progress)
{
    public async Task<List<Result>> Run(IEnumerable<Contenders.Contender> contenders, int upstream)
    {
        List<Running> running = [];
        try
        {
            foreach (var contender in Chosen([.. contenders]))
            {
                progress.WriteLine($"starting and warming {contender.Name}");
                try
                {
                    var one = new Running(contender, contender.Start is { } start ? await start() : null, upstream);
                    running.Add(one);
                    await Warm(one);
                }
                catch (InvalidOperationException e)
                {
                    // The others are worth measuring without it.
                    progress.WriteLine($"left out: {e.Message}");
                    running.FindAll(r => r.Contender == contender).ForEach(r => r.Server?.Dispose());
                    running.RemoveAll(r => r.Contender == contender);
                }
            }

            var half = running.Find(r => r.Contender.Name == "YARP") is { } yarp ? Math.Round(yarp.Most / 2 / 100) * 100 : 0;
            double[] rates = [.. plan.Rates.Append(half).Where(r => r > 0).Distinct().Order()];
            for (var i = 1; i <= plan.Repetitions; i++)
            {
                foreach (var one in running)
                {
                    progress.WriteLine($"{i} of {plan.Repetitions}: {one.Contender.Name}");
                    await Measure(one, one.Contender.Streams ? [plan.StreamRate] : rates);
                }
            }

            return [.. running.Select(r => r.Result())];
        }
        finally
        {
            running.ForEach(r => r.Server?.Dispose());
        }
    }

    private Contenders.Contender[] Chosen(Contenders.Contender[] all) => plan.Only.Count == 0
        ? all
        : Array.FindAll(all, c => plan.Only.Contains(c.Name, StringComparer.OrdinalIgnoreCase));

    // Code is compiled for good while it runs, on the core that it shares with the load: warm is what had its share of that core, and
    // gets no cheaper any more.
    private async Task Warm(Running one)
    {
        var slice = TimeSpan.FromSeconds(Math.Min(3, plan.WarmSeconds));
        var (best, since) = (double.MaxValue, 0);
        var enough = one.Contender.Streams ? TimeSpan.Zero : 0.3 * TimeSpan.FromSeconds(plan.WarmSeconds);
        for (var left = one.Server is null ? slice.TotalSeconds : plan.WarmSeconds; left > 0 && (since < 3 || one.Server?.Cpu < enough); left -= slice.TotalSeconds)
        {
            var load = new LoadRun(one.Port, one.Workload, plan.Connections);
            var (timings, cpu) = await one.Cpu(() => one.Contender.Streams ? load.Pace(plan.StreamRate, slice) : load.Saturate(slice));
            if (timings.Answers == 0 || timings.Failed > 0)
            {
                throw new InvalidOperationException($"{one.Contender.Name} does not serve ({timings.Answers} answers, {timings.Failed} connections failed): {one.Server?.LastWords()}");
            }

            (best, since, one.Most) = cpu < 0.97 * best ? (cpu, 0, timings.PerSecond) : (best, since + 1, Math.Max(one.Most, timings.PerSecond));
        }
    }

    private async Task Measure(Running one, double[] rates)
    {
        var duration = TimeSpan.FromSeconds(plan.Seconds);
        if (!one.Contender.Streams)
        {
            one.AtMost(await one.Cpu(() => new LoadRun(one.Port, one.Workload, plan.Connections).Saturate(duration)));
        }

        // Near saturation a queue's length says how long one looked, and nothing about the proxy.
        foreach (var rate in rates.Where(r => one.Contender.Streams || r <= 0.75 * one.Most))
        {
            one.AtRate(rate, await one.Cpu(() => new LoadRun(one.Port, one.Workload, 8 * plan.Connections).Pace(rate, duration)));
        }
    }

    private sealed class Running(Contenders.Contender contender, ServerProcess? server, int upstream)
    {
        private readonly List<double> _perSecond = [];
        private readonly List<double> _cpu = [];
        private readonly SortedDictionary<double, List<Timings>> _atRates = [];
        private double _mebibytes;
        private int _failed;

        public Contenders.Contender Contender => contender;

        public ServerProcess? Server => server;

        public int Port => server?.Port ?? upstream;

        public Workload Workload { get; } = Workload.Chat(contender.Model, contender.Streams, contender.Headers);

        /// <summary>Answers a second it could give when warmed.</summary>
        public double Most { get; set; }

        /// <summary>Runs, and tells what the proxy used for one answer, in microseconds.</summary>
        public async Task<(Timings Timings, double Cpu)> Cpu(Func<Task<Timings>> run)
        {
            var before = server?.Cpu ?? TimeSpan.Zero;
            var timings = await run();
            var used = (server?.Cpu ?? TimeSpan.Zero) - before;
            _mebibytes = Math.Max(_mebibytes, server?.ResidentMebibytes ?? 0);
            _failed += timings.Failed;
            return (timings, used.TotalMicroseconds / timings.Answers);
        }

        public void AtMost((Timings Timings, double Cpu) run)
        {
            _perSecond.Add(run.Timings.PerSecond);
            _cpu.Add(run.Cpu);
        }

        public void AtRate(double rate, (Timings Timings, double Cpu) run)
        {
            if (!_atRates.TryGetValue(rate, out var timings))
            {
                _atRates[rate] = timings = [];
            }

            timings.Add(run.Timings);
            if (contender.Streams)
            {
                _cpu.Add(run.Cpu);
            }
        }

        public Result Result() => new(
            contender.Name,
            contender.Streams,
            server is null ? null : Median(_cpu),
            server is null ? null : [_cpu.Min(), _cpu.Max()],
            contender.Streams ? null : Median(_perSecond),
            server is null ? null : _mebibytes,
            [
                .. _atRates.Select(r => new AtRate(
                    r.Key, Median(r.Value.Select(t => t.P50Microseconds)), Median(r.Value.Select(t => t.P99Microseconds)),
                    Median(r.Value.Select(t => t.P999Microseconds)))),
            ],
            _failed);

        private static double Median(IEnumerable<double> values)
        {
            double[] sorted = [.. values.Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}
