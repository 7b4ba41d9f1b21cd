using Backstop.Core.Inputs;
using CsCheck;

namespace Backstop.Core.Tests.Inputs;

public sealed class ValueCountsTests
{
    [Fact]
    public void Bins_rise_with_the_values() => Gen.Select(Gen.Double[-1e9, 1e9], Gen.Double[-10, 10]).Array[2, 20].Sample(pairs =>
    {
        double[] values = [.. pairs.SelectMany(p => new[] { p.Item1, p.Item2 }).Order()];
        int[] bins = Array.ConvertAll(values, ValueCounts.BinOf);
        Assert.Equal(bins.Order(), bins);
        Assert.All(bins, bin => Assert.InRange(bin, -ValueCounts.Last, ValueCounts.Last));
    });

    [Fact]
    public void Counts_merge_in_any_order_to_the_same_bins() => Gen.Select(Gen.Double[-1e6, 1e6].Array[1, 200], Gen.Int[0, int.MaxValue]).Sample((values, seed) =>
    {
        var (luck, whole, parts) = (new Random(seed), new ValueCounts(), new[] { new ValueCounts(), new ValueCounts(), new ValueCounts() });
        foreach (var value in values)
        {
            whole.Add(new(ValueCounts.BinOf(value), 1));
            parts[luck.Next(3)].Add(new(ValueCounts.BinOf(value), 1));
        }

        var merged = new ValueCounts();
        foreach (var bin in parts.OrderBy(_ => luck.Next()).SelectMany(p => p.Bins))
        {
            merged.Add(bin);
        }

        Assert.Equal(whole.Bins, merged.Bins);
        Assert.Equal(whole.Total, merged.Total);
    });

    [Fact]
    public void Edges_part_the_values_at_the_shares_that_are_asked_for()
    {
        var counts = new ValueCounts();
        for (var i = 1; i <= 1000; i++)
        {
            counts.Add(new(ValueCounts.BinOf(i), 1));
        }

        double[] below = [.. counts.EdgesAt([0.25, 0.5, 0.75]).Select(e => counts.Bins.Where(b => b.Bin <= e).Sum(b => b.Count) / 1000.0)];
        Assert.Equal(3, below.Length);
        Assert.InRange(below[0], 0.25, 0.29);
        Assert.InRange(below[1], 0.5, 0.54);
        Assert.InRange(below[2], 0.75, 0.79);
    }
}
