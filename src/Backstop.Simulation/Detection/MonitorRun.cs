using Backstop.Simulation.Detectors;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>A repetition of many monitors in which the failures of each are drawn by the hundred.</summary>
/// <remarks>
/// Exactly what a stream gives: once it is known how many of a block's requests each arm had and how many of those were hard, the
/// monitors' failures are independent. As in <see cref="CountedRun"/>, a block is put in order only where a monitor could reach its threshold in it.
/// </remarks>
internal sealed class MonitorRun
{
    // Control and tested, usual and hard.
    private const int Kinds = 4;

    private readonly IReadOnlyList<ICountedDetector> _monitors;
    private readonly SplitMix64 _random;
    private readonly long[] _requests = new long[Kinds];
    private readonly long[][] _bad;
    private readonly long[][] _counts;
    private readonly int[][] _cells;

    private MonitorRun(IReadOnlyList<ICountedDetector> monitors, int seed)
    {
        (_monitors, _random) = (monitors, new SplitMix64((ulong)seed).Split());
        (_bad, _counts) = ([.. monitors.Select(_ => new long[Kinds])], [.. monitors.Select(m => new long[m.Cells])]);
        _cells =
        [
            .. monitors.Select(m => Enumerable.Range(0, 2 * Kinds)
                .Select(i => m.CellOf(new SimulatedRequest { Tested = i >= Kinds, Flags = i % 2 })).ToArray()),
        ];
    }

    /// <summary>Plays a repetition.</summary>
    /// <param name="monitors">In the order of their failure bits.</param>
    public static void Play(DetectionScenario scenario, IReadOnlyList<ICountedDetector> monitors, int seed, Func<Reaction, int, bool> isOver)
    {
        var run = new MonitorRun(monitors, seed);
        var (seen, block) = (0, CountedRun.LeastBlock);
        foreach (var phase in scenario.Phases)
        {
            for (var left = phase.Requests; left > 0;)
            {
                var size = Math.Min(block, left);
                left -= size;
                run.Draw(size, phase.TestedShare);
                var close = run.PassOver();
                block = CountedRun.Next(block, close.Count == 0);
                if (close.Count > 0 && run.Look(close, size) is var (reaction, place) && isOver(reaction, seen + place))
                {
                    return;
                }

                seen += size;
            }
        }
    }

    private void Draw(int size, double testedShare)
    {
        var tested = _random.Binomial(size, testedShare);
        (_requests[1], _requests[3]) = (_random.Binomial(size - tested, MonitorBits.HardShare), _random.Binomial(tested, MonitorBits.HardShare));
        (_requests[0], _requests[2]) = (size - tested - _requests[1], tested - _requests[3]);
        for (var monitor = 0; monitor < _monitors.Count; monitor++)
        {
            Array.Clear(_counts[monitor]);
            for (var kind = 0; kind < Kinds; kind++)
            {
                var bad = _random.Binomial((int)_requests[kind], MonitorBits.RateOf(monitor, IsHard(kind)));
                _bad[monitor][kind] = bad;
                _counts[monitor][CellOf(monitor, kind, isBad: true)] += bad;
                _counts[monitor][CellOf(monitor, kind, isBad: false)] += _requests[kind] - bad;
            }
        }
    }

    /// <summary>Passes over the block for every monitor that cannot reach its threshold in it; returns the others.</summary>
    private List<int> PassOver()
    {
        List<int> close = [];
        for (var monitor = 0; monitor < _monitors.Count; monitor++)
        {
            if (_monitors[monitor].CouldReact(_counts[monitor]))
            {
                close.Add(monitor);
            }
            else
            {
                _monitors[monitor].PassOver(_counts[monitor]);
            }
        }

        return close;
    }

    /// <summary>What some monitors do within the block, and at which of its requests, counted from 1; null when nothing.</summary>
    private (Reaction Reaction, int Place)? Look(List<int> close, int size)
    {
        Span<int> order = stackalloc int[size];
        CountedRun.Lay(_requests, order);
        _random.Shuffle(order);
        for (var place = 0; place < size; place++)
        {
            var kind = order[place];
            foreach (var monitor in close)
            {
                // Each of those that are left is as likely to be one of the bad ones.
                var isBad = _random.Uniform() * _requests[kind] < _bad[monitor][kind];
                _bad[monitor][kind] -= isBad ? 1 : 0;
                if (_monitors[monitor].Count(CellOf(monitor, kind, isBad)) is { Kind: not ReactionKind.None } reaction)
                {
                    return (reaction, place + 1);
                }
            }

            _requests[kind]--;
        }

        return null;
    }

    private int CellOf(int monitor, int kind, bool isBad) => _cells[monitor][(2 * kind) + (isBad ? 1 : 0)];

    private static bool IsHard(int kind) => kind % 2 == 1;
}
