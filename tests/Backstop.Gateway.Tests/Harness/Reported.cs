using Backstop.Core.Evidence;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>What the control plane was told about the requests.</summary>
internal static class Reported
{
    /// <summary>Waits until this many requests were reported, and gives how each ended, as "Outcome:Served".</summary>
    public static async Task<string[]> Of(SmallFleet fleet, EvidenceGroup group, int requests)
    {
        var counted = await Eventually.Is(() => Count(fleet.Control, group), list => list.Length >= requests);
        Assert.Equal(requests, counted.Length);
        return counted;
    }

    // Outcomes and served counts are sums of their own, so pairs can be told only where a cell has one request; tests here
    // send few enough that pairing them in order is exact, because every request of such a test ends the same way.
    public static string[] Count(ScriptedControl control, EvidenceGroup group)
    {
        var names = new List<string>();
        var batches = control.Batches.DistinctBy(b => (b.StartId, b.Sequence));
        foreach (var cell in batches.SelectMany(b => b.Epochs).Where(e => e.Group == (int)group).SelectMany(e => e.Cells))
        {
            var outcomes = Names<Outcome>(cell.Outcomes);
            var served = Names<Served>(cell.Served);
            names.AddRange(outcomes.Zip(served, (o, s) => $"{o}:{s}"));
        }

        return [.. names.Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Names<T>(IEnumerable<long> counts)
        where T : struct, Enum => counts.SelectMany((n, i) => Enumerable.Repeat(((T)(object)i).ToString(), (int)n));
}
