using Backstop.Core.Evidence.Sketches;
using CsCheck;

namespace Backstop.Core.Tests.Evidence.Sketches;

public class SketchFormatTests
{
    private static readonly Gen<double[]> Values = Gen.Select(Gen.Double[-8, 8], Gen.Bool, (e, zero) => zero ? 0 : Math.Pow(10, e)).Array[0, 200];

    [Fact]
    public void A_sketch_that_was_written_is_read_back_bin_by_bin() =>
        Gen.Select(Values, Gen.Double[0.005, 0.2].Select(a => Math.Round(a, 3))).Sample((values, accuracy) =>
        {
            var sketch = new QuantileSketch(accuracy);
            foreach (var value in values)
            {
                sketch.Add(value);
            }

            var read = DDSketchFormat.Read(DDSketchFormat.Write(sketch));
            Assert.Equal(sketch.RelativeAccuracy, read.RelativeAccuracy);
            Assert.Equal((sketch.Count, sketch.ZeroCount, sketch.FirstBin), (read.Count, read.ZeroCount, read.FirstBin));
            Assert.Equal(sketch.Bins.ToArray(), read.Bins.ToArray());
            read.Merge(sketch); // The accuracy is the same number, so they can be added.
            Assert.Equal(2 * sketch.Count, read.Count);
        }, iter: 200);

    // γ = 1.02/0.98, offset 0; sparse bins 3: 2 and -5: 1, a zero count of 4, and an unknown field 9.
    [Fact]
    public void A_sparse_store_and_unknown_fields_are_read()
    {
        byte[] gamma = BitConverter.GetBytes(1.02 / 0.98), two = BitConverter.GetBytes(2.0), one = BitConverter.GetBytes(1.0);
        var sketch = DDSketchFormat.Read(
        [
            0x0A, 9, 0x09, .. gamma,
            0x12, 26, 0x0A, 11, 0x08, 6, 0x11, .. two, 0x0A, 11, 0x08, 9, 0x11, .. one,
            0x21, .. BitConverter.GetBytes(4.0),
            0x4A, 2, 1, 2,
        ]);

        Assert.Equal((0.02, 7L, 4L, -5), (sketch.RelativeAccuracy, sketch.Count, sketch.ZeroCount, sketch.FirstBin));
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 2], sketch.Bins.ToArray());
    }

    [Fact]
    public void Bytes_that_are_cut_off_or_changed_are_refused_and_never_crash() =>
        Gen.Select(Values, Gen.Int[0, 400], Gen.Byte).Sample((values, at, changed) =>
        {
            var sketch = new QuantileSketch();
            foreach (var value in values)
            {
                sketch.Add(value);
            }

            var bytes = DDSketchFormat.Write(sketch);
            at %= bytes.Length;
            foreach (var broken in (byte[][])[bytes[..at], [.. bytes[..at], changed, .. bytes[(at + 1)..]]])
            {
                try
                {
                    DDSketchFormat.Read(broken);
                }
                catch (Exception e) when (e is FormatException or OverflowException)
                {
                    // That is the answer.
                }
            }
        }, iter: 500);

    [Theory]
    [InlineData(0.0, 1.0, "ratio")]
    [InlineData(1.04, 1.5, "whole")]
    public void What_this_sketch_cannot_hold_is_refused_with_a_reason(double gamma, double zeros, string reason)
    {
        var refusal = Assert.Throws<FormatException>(() => DDSketchFormat.Read(
            [0x0A, 9, 0x09, .. BitConverter.GetBytes(gamma), 0x21, .. BitConverter.GetBytes(zeros)]));
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
    }
}
