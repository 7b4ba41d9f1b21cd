using Backstop.GatewayBench.Load;
using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <param name="Repetitions">How often each contender is measured, in turn with the others.</param>
/// <param name="Seconds">Length of one measurement.</param>
/// <param name="WarmSeconds">Longest load before the first.</param>
/// <param name="Only">Which contenders; all of the piece when empty.</param>
internal sealed record Plan(int Repetitions, double Seconds, double WarmSeconds, IReadOnlyList<string> Only);

/// <summary>One contender's figures, medians over the repetitions.</summary>
/// <param name="Mebibytes">Most that was resident after a measurement; null for none.</param>
/// <param name="Failed">Connections that broke or brought what is no good answer.</param>
/// <param name="CpuOfStarts">User and system time an answer of each process that was started, where there were several; the n-th of all ran in turn.</param>
internal sealed record Result(string Name, bool Streams, double? Mebibytes, IReadOnlyList<Measured> Under, int Failed, IReadOnlyList<double>? CpuOfStarts = null);

/// <summary>What was measured under one demand.</summary>
/// <param name="Demand">How it was asked, in words.</param>
/// <param name="Rate">Requests a second; null for as many as the connections could bring.</param>
/// <param name="CpuMicroseconds">User and system time an answer; null for none.</param>
/// <param name="CpuLowest">Of the repetitions.</param>
/// <param name="CpuHighest">Of the repetitions.</param>
/// <param name="PerSecond">Answers a second.</param>
/// <param name="P50Microseconds">From when a request was due; of streams to their first byte.</param>
internal sealed record Measured(
    string Demand, double? Rate, double? CpuMicroseconds, double? CpuLowest, double? CpuHighest, double PerSecond,
    double P50Microseconds, double P99Microseconds, double P999Microseconds);

/// <summary>Measures the contenders of a piece in turn, so that what the machine does meanwhile meets all alike.</summary>
internal sealed class Comparison(Piece piece, Plan plan, Contenders contenders, int upstream, TextWriter progress)
{
    private readonly TimeSpan _duration = TimeSpan.FromSeconds(plan.Seconds);

    // Of a load that only warms.
    private readonly TimeSpan _slice = TimeSpan.FromSeconds(Math.Min(2, plan.WarmSeconds));

    // Processor time after which most of what runs was compiled for good.
    private readonly TimeSpan _enough = 0.3 * TimeSpan.FromSeconds(plan.WarmSeconds);

    // Those whose program is missing are left out; the script has said it.
    private IEnumerable<Running> Chosen => piece.Names.Where(c => plan.Only.Count == 0 || plan.Only.Contains(c, StringComparer.OrdinalIgnoreCase))
        .Select(contenders.Named).OfType<Contenders.Contender>().Select(contender => new Running(contender, upstream));

    public Task<List<Result>> Run() => piece.Starts > 1 ? RunAnew() : RunOnce();

    // What a process costs depends on where its code and data came to lie, and stays so: to measure it longer makes it no better known.
    private async Task<List<Result>> RunAnew()
    {
        Running[] all = [.. Chosen];
        try
        {
            for (var start = 1; start <= piece.Starts; start++)
            {
                progress.WriteLine($"start {start} of {piece.Starts}");
                foreach (var one in all)
                {
                    await one.Start();
                }

                await WarmLateOnes(all);
                await TakeTurns(all); // Warm.
                Array.ForEach(all, one => one.BeginStart());
                await TakeTurns(all);
                Array.ForEach(all, one => one.EndStart(piece.Demands[0]));
            }

            return [.. all.Select(one => one.Result())];
        }
        finally
        {
            Array.ForEach(all, one => one.Dispose());
        }
    }

    // The turns alone are too short for them: until ten seconds of its own went into it, YARP takes two to four times as much.
    private async Task WarmLateOnes(Running[] all)
    {
        foreach (var one in all.Where(one => one.Contender.IsCompiledLate))
        {
            while (one.Server!.Cpu < _enough)
            {
                await one.Turn(piece.Demands[0], _slice);
            }
        }
    }

    private async Task TakeTurns(Running[] all)
    {
        for (var i = 0; i < plan.Repetitions; i++)
        {
            foreach (var one in all)
            {
                await one.Turn(piece.Demands[0], _duration);
            }
        }
    }

    private async Task<List<Result>> RunOnce()
    {
        List<Running> running = [];
        try
        {
            foreach (var one in Chosen)
            {
                progress.WriteLine($"starting {one.Contender.Name}");
                try
                {
                    await one.Start();
                    await Warm(one);
                    running.Add(one);
                }
                catch (InvalidOperationException e)
                {
                    // The others are worth measuring without it.
                    progress.WriteLine($"left out: {e.Message}");
                    one.Dispose();
                }
            }

            var half = running.Find(r => r.Contender.Name == Contenders.Yarp) is { } yarp ? Math.Round(yarp.Most / 2 / 100) * 100 : (double?)null;
            Demand[] demands = [.. piece.Demands.Select(l => l.HalfOfYarp ? l with { Rate = half } : l).Where(l => !l.HalfOfYarp || l.Rate is not null)];
            for (var i = 1; i <= plan.Repetitions; i++)
            {
                foreach (var one in running)
                {
                    progress.WriteLine($"{i} of {plan.Repetitions}: {one.Contender.Name}");
                    foreach (var demand in demands)
                    {
                        await Measure(one, demand);
                    }
                }
            }

            return [.. running.Select(r => r.Result())];
        }
        finally
        {
            running.ForEach(r => r.Dispose());
        }
    }

    // Code is compiled for good while it runs, on the core that it shares with the load: warm is what had its share of that core, and
    // gets no cheaper any more.
    private async Task Warm(Running one)
    {
        var (best, since) = (double.MaxValue, 0);
        var enough = one.Contender.Workload.IsStream ? TimeSpan.Zero : _enough;
        var most = piece.Fresh ? 0 : one.Server is null ? _slice.TotalSeconds : plan.WarmSeconds;
        for (var left = most; left > 0 && (since < 3 || one.Server?.Cpu < enough); left -= _slice.TotalSeconds)
        {
            var (timings, cpu) = await one.Ask(new(Piece.Saturation), _slice);
            if (timings.Answers == 0 || timings.Failed > 0)
            {
                throw one.DoesNotServe(timings);
            }

            (best, since, one.Most) = cpu < 0.97 * best ? (cpu, 0, timings.PerSecond) : (best, since + 1, Math.Max(one.Most, timings.PerSecond));
        }
    }

    private async Task Measure(Running one, Demand demand)
    {
        if (piece.Fresh)
        {
            await one.Start();
        }

        // Near saturation a queue's length says how long one looked, and nothing about the proxy.
        if (demand.Rate is null || piece.Fresh || one.Contender.Workload.IsStream || demand.Rate <= 0.75 * one.Most)
        {
            one.Keep(demand, await one.Ask(demand, _duration));
        }
    }

    private sealed class Running(Contenders.Contender contender, int upstream) : IDisposable
    {
        private readonly List<(Demand Demand, Timings Timings, double Cpu)> _seen = [];
        private readonly List<double> _starts = [];
        private readonly List<Timings> _turns = [];
        private TimeSpan _cpu;
        private double _mebibytes;
        private int _failed;

        public Contenders.Contender Contender => contender;

        public ServerProcess? Server { get; private set; }

        /// <summary>Answers a second it could give when warmed.</summary>
        public double Most { get; set; }

        /// <summary>Starts its process anew.</summary>
        /// <exception cref="InvalidOperationException">It does not start.</exception>
        public async Task Start()
        {
            Dispose();
            Server = contender.Start is { } start ? await start() : null;
        }

        /// <summary>Asks, and tells what the proxy used for one answer, in microseconds.</summary>
        public async Task<(Timings Timings, double Cpu)> Ask(Demand demand, TimeSpan duration)
        {
            var run = new LoadRun(Server?.Port ?? upstream, contender.Workload, demand.Connections);
            var before = Server?.Cpu ?? TimeSpan.Zero;
            var timings = await (demand.Rate is { } rate ? run.Pace(rate, duration) : run.Saturate(duration));
            var used = (Server?.Cpu ?? TimeSpan.Zero) - before;
            return (timings, used.TotalMicroseconds / timings.Answers);
        }

        /// <summary>Asks in its turn.</summary>
        /// <exception cref="InvalidOperationException">It does not serve.</exception>
        public async Task Turn(Demand demand, TimeSpan duration)
        {
            var (timings, _) = await Ask(demand, duration);
            _turns.Add(timings.Failed == 0 && timings.Answers > 0 ? timings : throw DoesNotServe(timings));
        }

        public InvalidOperationException DoesNotServe(Timings timings) =>
            new($"{contender.Name} does not serve ({timings.Answers} answers, {timings.Failed} connections failed): {Server?.LastWords()}");

        /// <summary>From here on its turns count.</summary>
        public void BeginStart()
        {
            _turns.Clear();
            _cpu = Server!.Cpu;
        }

        /// <summary>All that its process did since is what its answers cost: much of what it counts for control it packs between its turns.</summary>
        public void EndStart(Demand demand)
        {
            _starts.Add((Server!.Cpu - _cpu).TotalMicroseconds / _turns.Sum(turn => turn.Answers));
            _turns.ForEach(turn => Keep(demand, (turn, _starts[^1])));
        }

        public void Keep(Demand demand, (Timings Timings, double Cpu) run)
        {
            _seen.Add((demand, run.Timings, run.Cpu));
            _mebibytes = Math.Max(_mebibytes, Server?.ResidentMebibytes ?? 0);
            _failed += run.Timings.Failed;
        }

        public Result Result() => new(
            contender.Name, contender.Workload.IsStream, Server is null ? null : _mebibytes,
            [.. _seen.GroupBy(s => s.Demand, (demand, seen) => Under(demand, [.. seen.Select(s => s.Timings)], [.. seen.Select(s => s.Cpu)]))], _failed,
            _starts.Count > 0 ? _starts : null);

        public void Dispose()
        {
            Server?.Dispose();
            Server = null;
        }

        private Measured Under(Demand demand, Timings[] timings, double[] cpu) => new(
            demand.ToString(), demand.Rate, Server is null ? null : Median(cpu), Server is null ? null : cpu.Min(), Server is null ? null : cpu.Max(),
            Median(timings.Select(t => t.PerSecond)), Median(timings.Select(t => t.P50Microseconds)), Median(timings.Select(t => t.P99Microseconds)),
            Median(timings.Select(t => t.P999Microseconds)));

        private static double Median(IEnumerable<double> values)
        {
            double[] sorted = [.. values.Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}
