using Backstop.Core.Evidence.Sketches;
using CsCheck;

namespace Backstop.Core.Tests.Evidence.Sketches;

public class QuantileSketchTests
{
    private static readonly Gen<double[]> Values = Gen.Select(Gen.Double[-12, 12], Gen.Bool, (e, zero) => zero ? 0 : Math.Pow(10, e)).Array[1, 300];

    [Fact]
    public void A_quantile_is_within_the_stated_relative_error() =>
        Gen.Select(Gen.Double[-3, 3].Select(e => Math.Pow(10, e)).Array[1, 300], Gen.Double[0, 1]).Sample((values, q) =>
        {
            var sketch = Sketch(values);
            var exact = values.Order().ElementAt((int)(q * (values.Length - 1)));
            Assert.InRange(sketch.Quantile(q)!.Value, exact * 0.98 * (1 - 1e-12), exact * 1.02 * (1 + 1e-12));
        }, iter: 200);

    [Fact]
    public void Merging_in_any_order_gives_the_counts_of_one_sketch_even_when_bins_collapse() =>
        Gen.Select(Values, Values, Values).Sample((a, b, c) =>
        {
            var whole = Sketch([.. a, .. b, .. c]);
            var left = Sketch(a);
            left.Merge(Sketch(b));
            left.Merge(Sketch(c));
            var right = Sketch(c);
            var inner = Sketch(b);
            inner.Merge(Sketch(a));
            right.Merge(inner);
            foreach (var merged in new[] { left, right })
            {
                Assert.Equal(whole.Count, merged.Count);
                Assert.Equal(whole.ZeroCount, merged.ZeroCount);
                Assert.Equal(Filled(whole), Filled(merged));
            }
        }, iter: 200);

    [Fact]
    public void Bins_never_exceed_their_limit_and_no_value_is_lost()
    {
        var sketch = new QuantileSketch(0.005);
        for (var exponent = -9; exponent <= 15; exponent++)
        {
            sketch.Add(Math.Pow(10, exponent), 7);
        }

        Assert.Equal(QuantileSketch.MostBins, sketch.Bins.Length);
        Assert.Equal(25 * 7, sketch.Count);
        Assert.Equal(1e15, sketch.Quantile(1)!.Value, 1e15 * 0.005);
    }

    [Fact]
    public void An_empty_sketch_has_no_quantile() => Assert.Null(new QuantileSketch().Quantile(0.5));

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_value_that_is_no_size_is_refused(double value) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantileSketch().Add(value));

    [Fact]
    public void Sketches_of_different_accuracy_are_not_merged() =>
        Assert.Throws<ArgumentException>(() => new QuantileSketch(0.01).Merge(new QuantileSketch(0.02)));

    private static QuantileSketch Sketch(IEnumerable<double> values)
    {
        var sketch = new QuantileSketch();
        foreach (var value in values)
        {
            sketch.Add(value);
        }

        return sketch;
    }

    private static List<(int Bin, long Count)> Filled(QuantileSketch sketch)
    {
        var filled = new List<(int, long)>();
        for (var i = 0; i < sketch.Bins.Length; i++)
        {
            if (sketch.Bins[i] > 0)
            {
                filled.Add((sketch.FirstBin + i, sketch.Bins[i]));
            }
        }

        return filled;
    }
}
