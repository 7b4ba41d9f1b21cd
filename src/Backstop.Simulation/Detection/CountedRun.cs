using System.Collections.Immutable;
using Backstop.Simulation.Detectors;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>A repetition in which requests are drawn by the hundred, for a rule that sees nothing of them but the cell they are counted in.</summary>
/// <remarks>
/// Exactly what a stream gives, looked at after every request, at a fraction of the cost. The counts of a block are drawn at
/// once. In no order could its requests have carried the evidence further than the sum of all rises: where even that does not
/// reach the threshold, the block is passed over. Where it could, the block's requests are put into a random order, as they
/// would have come in, and looked at one by one.
/// </remarks>
public static class CountedRun
{
    private const int Block = 128;

    /// <summary>Whether a scenario's requests are independent and of kinds that can be told in advance.</summary>
    public static bool Fits(DetectionScenario scenario) => scenario is { ChangeAt: null, Kind: ScenarioKind.Outcomes or ScenarioKind.Latency };

    /// <summary>The request at which the rule rolls back, counted from 1; 0 when it never does.</summary>
    public static int RolledBackAt(DetectionScenario scenario, TableDetector rule, int seed)
    {
        var random = new SplitMix64((ulong)seed).Split();
        var counts = new long[rule.Cells];
        Span<int> order = stackalloc int[Block];
        var (seen, stage) = (0, 0);
        for (var phase = 0; phase < scenario.Phases.Length; phase++)
        {
            stage += phase > 0 && scenario.Phases[phase].TestedShare != scenario.Phases[phase - 1].TestedShare ? 1 : 0;
            var cells = CellsOf(scenario, phase, stage, rule);
            for (var left = scenario.Phases[phase].Requests; left > 0; left -= Block)
            {
                var size = Math.Min(Block, left);
                Draw(cells, size, random, counts);
                if (!rule.CouldReach(counts))
                {
                    rule.PassOver(counts);
                    seen += size;
                    continue;
                }

                Lay(counts, order);
                random.Shuffle(order[..size]);
                foreach (var cell in order[..size])
                {
                    seen++;
                    if (rule.Reaches(cell))
                    {
                        return seen;
                    }
                }
            }
        }

        return 0;
    }

    /// <summary>The cells of a phase, the rarest first, each with its probability among those that are left.</summary>
    private static ImmutableArray<(int Cell, double Probability)> CellsOf(DetectionScenario scenario, int phase, int stage, TableDetector rule)
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

    private static void Lay(long[] counts, Span<int> order)
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
