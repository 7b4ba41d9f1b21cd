using Backstop.Core.Evidence.Sketches;
using CsCheck;

namespace Backstop.Core.Tests.Evidence.Sketches;

public class ExponentialHistogramTests
{
    private static readonly Gen<double[]> Values = Gen.Select(Gen.Double[-12, 12], Gen.Bool, (e, zero) => zero ? 0 : Math.Pow(10, e)).Array[1, 200];

    [Fact]
    public void Merging_in_any_order_gives_the_bins_of_one_histogram() =>
        Gen.Select(Values, Values, Values).Sample((a, b, c) =>
        {
            var whole = Of([.. a, .. b, .. c]);
            var left = Of(a);
            left.Merge(Of(b));
            left.Merge(Of(c));
            var inner = Of(b);
            inner.Merge(Of(a));
            var right = Of(c);
            right.Merge(inner);
            foreach (var merged in new[] { left, right })
            {
                Assert.Equal((whole.Scale, whole.Count, whole.ZeroCount, whole.Offset), (merged.Scale, merged.Count, merged.ZeroCount, merged.Offset));
                Assert.Equal(whole.BucketCounts, merged.BucketCounts);
            }
        }, iter: 200);

    [Fact]
    public void What_another_program_sent_gives_the_same_histogram_and_goes_on_merging() =>
        Values.Sample(values =>
        {
            var sent = Of(values);
            var received = ExponentialHistogram.Of(sent.Scale, sent.ZeroCount, sent.Offset, sent.BucketCounts);
            Assert.Equal((sent.Scale, sent.Count, sent.Offset), (received.Scale, received.Count, received.Offset));
            received.Merge(sent);
            Assert.Equal(sent.BucketCounts.Select(n => 2 * n), received.BucketCounts);
        }, iter: 100);

    [Fact]
    public void A_value_lies_in_the_bin_that_the_definition_gives_it() =>
        Gen.Select(Gen.Double[-300, 300], Gen.Int[-10, 8]).Sample((exponent, scale) =>
        {
            var value = Math.Pow(10, exponent);
            var histogram = new ExponentialHistogram(scale);
            histogram.Add(value);

            var exact = Math.Log2(value) * Math.ScaleB(1, scale);
            Assert.InRange(histogram.Offset, Math.Ceiling(exact - 1e-6) - 1, Math.Ceiling(exact + 1e-6) - 1);
        }, iter: 500);

    [Theory]
    [InlineData(1.0, 3, -1)]
    [InlineData(2.0, 3, 7)]
    [InlineData(4.0, 0, 1)]
    [InlineData(3.0, 0, 1)]
    [InlineData(4.0, -1, 0)]
    [InlineData(5.0, -1, 1)]
    public void A_power_of_the_base_belongs_to_the_bin_below_it(double value, int scale, int bin)
    {
        var histogram = new ExponentialHistogram(scale);
        histogram.Add(value);
        Assert.Equal(bin, histogram.Offset);
    }

    [Fact]
    public void The_whole_range_of_doubles_fits_and_no_value_is_lost()
    {
        var histogram = Of([double.Epsilon, 1, double.MaxValue]);
        Assert.Equal(3, histogram.Count);
        Assert.True(histogram.BucketCounts.Length <= ExponentialHistogram.MostBins);
        Assert.Equal(3, histogram.BucketCounts.Sum());
    }

    [Fact]
    public void A_quantile_is_within_its_bin() =>
        Gen.Select(Gen.Double[-2, 2].Select(e => Math.Pow(10, e)).Array[1, 200], Gen.Double[0, 1]).Sample((values, q) =>
        {
            var histogram = Of(values);
            var exact = values.Order().ElementAt((int)(q * (values.Length - 1)));
            var ratio = Math.Pow(2, Math.ScaleB(1, -histogram.Scale));
            Assert.InRange(histogram.Quantile(q)!.Value, exact / ratio, exact * ratio);
        }, iter: 200);

    private static ExponentialHistogram Of(double[] values)
    {
        var histogram = new ExponentialHistogram();
        foreach (var value in values)
        {
            histogram.Add(value);
        }

        return histogram;
    }
}
