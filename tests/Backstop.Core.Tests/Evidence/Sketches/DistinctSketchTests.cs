using System.Security.Cryptography;
using Backstop.Core.Evidence.Sketches;
using CsCheck;

namespace Backstop.Core.Tests.Evidence.Sketches;

public sealed class DistinctSketchTests
{
    [Fact]
    public void Any_order_any_split_and_any_repetition_give_the_same_sketch() =>
        Gen.Select(Gen.ULong.Array[1, 500], Gen.Int[0, int.MaxValue], Gen.Int[1, 5]).Sample((numbers, seed, gateways) =>
        {
            var (luck, whole) = (new Random(seed), Of(numbers));
            var parts = Enumerable.Range(0, gateways).Select(_ => new DistinctSketch()).ToArray();
            foreach (var number in numbers.Concat(numbers.Take(20)).OrderBy(_ => luck.Next()))
            {
                parts[luck.Next(gateways)].Add(number);
            }

            var merged = new DistinctSketch();
            foreach (var part in parts.Concat(parts).OrderBy(_ => luck.Next()))
            {
                merged.Merge(HllFormat.Read(HllFormat.Write(part)));
            }

            Assert.Equal(whole.Registers, merged.Registers);
        });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(1_000)]
    [InlineData(3_000)]
    [InlineData(50_000)]
    [InlineData(1_000_000)]
    public void The_estimate_errs_by_as_much_as_it_says(int distinct)
    {
        const int times = 40;
        var squares = Enumerable.Range(1, times).Average(seed =>
        {
            var luck = new Random(seed);
            var sketch = new DistinctSketch();
            for (var i = 0; i < distinct; i++)
            {
                sketch.Add((ulong)luck.NextInt64());
            }

            return Math.Pow((sketch.Estimate() - distinct) / Math.Max(1, distinct), 2);
        });

        // The root of the mean square of 40 has itself an error of a ninth.
        Assert.InRange(Math.Sqrt(squares), 0, 1.4 * DistinctSketch.StandardError);
    }

    // Written by Apache DataSketches for C++ (c228885), from the first n multiples of 2^64 over the golden ratio: a list and a set of coupons.
    [Theory]
    [InlineData(0, "0201070a030c0008")]
    [InlineData(5, "0201070a03080508566bb10b754c160b4860a10853f42b06569ada0c")]
    [InlineData(50, "0301070a07080009320000005ad3070a0238b50883f46b0a0892bc060c674d0512193d0e96dc2a0b9a1496061b7a7504a367b406a423700fa56ad208a6253106a81903" +
        "0e2a2b6909566bb10b4eb0530eb000fe05b117c705befda60537b0c508b904b8142dedd40bc3b9d507ffe311084860a108494b7904ecfaae07ce42f40753f42b06569ada" +
        "0cd7c0570459185f06da789704dbf39f06e6fb9610e0ddbf1761a18f0b62cf8e09e3d3111766077f0c6c8dc906af1f320572262e0473153310754c160b79f55a05fb6d7d" +
        "117e3231107f50ff07")]
    public void The_peers_sketch_of_the_same_numbers_is_equal_to_ours(int numbers, string theirs) =>
        Assert.Equal(OfMultiples(numbers).Registers, HllFormat.Read(Convert.FromHexString(theirs)).Registers);

    // The peer's own bytes of so many, but for two things: ours say "merged", and no history of the estimate is kept. It read them, and
    // estimated 1056.859201 from the first, before and after a union with its own.
    [Theory]
    [InlineData(1000, "ccf94f8d6cd8cada43b8fd3831b8eeffd483b380374093e6f4085aad5cda8b7c")]
    [InlineData(50_000, "80f5101ac3643fe6d135bf027a630b6ebd2d81befce5882e1086ed2b8a7a3853")]
    public void Our_bytes_are_those_of_the_peer(int numbers, string sha256)
    {
        var bytes = HllFormat.Write(OfMultiples(numbers));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.Equal(OfMultiples(numbers).Registers, HllFormat.Read(bytes).Registers);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(50)]
    [InlineData(96)]
    [InlineData(120)]
    public void Few_units_take_few_bytes(int numbers)
    {
        var sketch = OfMultiples(numbers);
        var bytes = HllFormat.Write(sketch);
        var raised = sketch.Registers.Length - sketch.Registers.Count((byte)0);

        Assert.Equal(raised <= 8 ? 8 + (4 * raised) : raised <= 96 ? 12 + (4 * raised) : HllFormat.Size, bytes.Length);
        Assert.Equal(sketch.Registers, HllFormat.Read(bytes).Registers);
    }

    [Theory]
    [InlineData("0a01")]
    [InlineData("0a0106")]
    [InlineData("0a01070b00080a0a")]
    [InlineData("0201070a030805080000")]
    public void What_is_no_sketch_is_refused(string hex) => Assert.Throws<FormatException>(() => HllFormat.Read(Convert.FromHexString(hex)));

    private static DistinctSketch OfMultiples(int numbers) => Of(Enumerable.Range(1, numbers).Select(i => (ulong)i * 0x9E3779B97F4A7C15));

    private static DistinctSketch Of(IEnumerable<ulong> numbers)
    {
        var sketch = new DistinctSketch();
        foreach (var number in numbers)
        {
            sketch.Add(number);
        }

        return sketch;
    }
}
