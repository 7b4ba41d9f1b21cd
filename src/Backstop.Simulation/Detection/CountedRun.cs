using System.Collections.Immutable;
using Backstop.Simulation.Detectors;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>A repetition in which requests are drawn by the hundred, for a rule that sees nothing of them but the cell they are counted in.</summary>
/// <remarks>
/// Exactly what a stream gives, looked at after every request, at a fraction of the cost. The counts of a block are drawn at
/// once. In no order could its requests have carried the evidence further than the sum of all rises: where even that does not
/// reach the threshold, the block is passed over. Where it could, the block's requests are put into a random order, as they
/// would have come in, and looked at one by one. The more blocks were passed over, the more requests are in the next: how many is
/// settled before they are drawn.
/// </remarks>
public static class CountedRun
{
    /// <summary>The fewest requests that are drawn at once, but at the end of a phase.</summary>
    internal const int LeastBlock = 64;

    /// <summary>The most; of more, the chance of none of a kind may be too small for a number.</summary>
    internal const int MostBlock = 512;

    /// <summary>Plays a repetition; false when it has to be played request by request.</summary>
    /// <param name="isOver">Told what the rule does and at which request, counted from 1; answers whether it will do nothing more.</param>
    public static bool TryPlay(DetectionScenario scenario, IDetector rule, int seed, Func<Reaction, int, bool> isOver)
    {
        if (scenario.ChangeAt is not null)
        {
            return false;
        }

        switch (scenario.Kind, rule)
        {
            case (ScenarioKind.Outcomes or ScenarioKind.Latency or ScenarioKind.SickReplica, ICountedDetector counted):
                Play(scenario, counted, seed, isOver);
                return true;
            case (ScenarioKind.Sessions, SessionDetector bySession):
                SessionRun.Play(scenario, bySession, seed, isOver);
                return true;
            case (ScenarioKind.ManyMonitors, AnyOf several) when several.Monitors.All(m => m is ICountedDetector):
                MonitorRun.Play(scenario, [.. several.Monitors.Cast<ICountedDetector>()], seed, isOver);
                return true;
            default:
                return false;
        }
    }

    private static void Play(DetectionScenario scenario, ICountedDetector rule, int seed, Func<Reaction, int, bool> isOver)
    {
        var random = new SplitMix64((ulong)seed).Split();
        var counts = new long[rule.Cells];
        Span<int> order = stackalloc int[MostBlock];
        var (seen, stage, block) = (0, 0, LeastBlock);
        for (var phase = 0; phase < scenario.Phases.Length; phase++)
        {
            stage += phase > 0 && scenario.Phases[phase].TestedShare != scenario.Phases[phase - 1].TestedShare ? 1 : 0;
            var cells = CellsOf(scenario, phase, stage, rule);
            for (var left = scenario.Phases[phase].Requests; left > 0;)
            {
                var size = Math.Min(block, left);
                left -= size;
                Draw(cells, size, random, counts);
                if (!rule.CouldReact(counts))
                {
                    rule.PassOver(counts);
                    seen += size;
                    block = Next(block, isPassedOver: true);
                    continue;
                }

                block = Next(block, isPassedOver: false);
                Lay(counts, order);
                random.Shuffle(order[..size]);
                foreach (var cell in order[..size])
                {
                    seen++;
                    if (rule.Count(cell) is { Kind: not ReactionKind.None } reaction && isOver(reaction, seen))
                    {
                        return;
                    }
                }
            }
        }
    }

    /// <summary>How many requests are drawn after a block of so many.</summary>
    internal static int Next(int block, bool isPassedOver) => isPassedOver ? Math.Min(MostBlock, 2 * block) : Math.Max(LeastBlock, block / 4);

    /// <summary>The cells of a phase, the rarest first, each with its probability among those that are left.</summary>
    private static ImmutableArray<(int Cell, double Probability)> CellsOf(DetectionScenario scenario, int phase, int stage, ICountedDetector rule)
    {
        var byCell = RequestStream.Possible(scenario, phase, stage)
            .GroupBy(p => rule.CellOf(p.Request), (cell, all) => (Cell: cell, Probability: all.Sum(p => p.Probability)))
            .Where(c => c.Probability > 0).OrderBy(c => c.Probability).ToArray();
        var left = 1.0;
        var cells = ImmutableArray.CreateBuilder<(int, double)>();
        foreach (var (cell, probability) in byCell)
        {
            cells.Add((cell, Math.Min(1, probability / left)));
            left -= probability;
        }

        return cells.ToImmutable();
    }

    private static void Draw(ImmutableArray<(int Cell, double Probability)> cells, int requests, SplitMix64 random, long[] counts)
    {
        Array.Clear(counts);
        foreach (var (cell, probability) in cells)
        {
            var hits = cell == cells[^1].Cell ? requests : random.Binomial(requests, probability);
            counts[cell] = hits;
            requests -= hits;
            if (requests == 0)
            {
                return;
            }
        }
    }

    /// <summary>Lays out so many of each cell, one after the other.</summary>
    internal static void Lay(ReadOnlySpan<long> counts, Span<int> order)
    {
        var place = 0;
        for (var cell = 0; cell < counts.Length; cell++)
        {
            for (var n = counts[cell]; n > 0; n--)
            {
                order[place++] = cell;
            }
        }
    }
}
