using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>A logistic regression over hashed features, with weights of one byte each.</summary>
/// <remarks>
/// The sum of each family's weights is divided by a root of their number, so that a long sentence does not outweigh a short
/// one. Deterministic on every machine: integers are summed, and floats come in only at the end.
/// </remarks>
public sealed class LinearModel
{
    public const int Families = 3;
    private const int HeaderBytes = 4 + (Families * 12) + 8;
    private const int MostCounted = 2048;
    private const uint Magic = 0x4c4d4231;

    private static readonly double[] Norms = [.. Enumerable.Range(0, MostCounted + 1).Select(count => 1 / Math.Sqrt(Math.Max(count, 16)))];

    private readonly sbyte[][] _weights;
    private readonly float[] _scales;
    private readonly float _bias;

    /// <param name="weights">One table for each family.</param>
    /// <param name="scales">What one unit of a family's weights is worth.</param>
    /// <param name="threshold">Score at which the calibrated false-positive rate is reached.</param>
    public LinearModel(sbyte[][] weights, float[] scales, float bias, float threshold) =>
        (_weights, _scales, _bias, Threshold) = (weights, scales, bias, threshold);

    public float Threshold { get; }

    /// <summary>Starts the sum for one text.</summary>
    public Sum Begin() => new(_weights);

    /// <summary>Probability-like score from 0 to 1.</summary>
    public double Score(in Tally tally) => Logistic.Chance(Logit(in tally));

    /// <summary>The same before it is a probability.</summary>
    public double Logit(in Tally tally) => _bias + Said(in tally, 0) + Said(in tally, 1) + Said(in tally, 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private double Said(in Tally tally, int family) => tally.Total(family) * _scales[family] * Norm(tally.Count(family));

    /// <summary>What a family's sum is multiplied with when it has that many features.</summary>
    /// <remarks>Beyond some size it is the mean that counts: what is a little likelier in a long text would add up to certainty.</remarks>
    public static double Norm(int count) => count < Norms.Length ? Norms[count] : Math.Sqrt(MostCounted) / count;

    internal sbyte[] WeightsOf(int family) => _weights[family];

    /// <summary>The bytes of a model that is compiled into the assembly, such as <c>toxicity.weights</c>.</summary>
    public static ReadOnlyMemory<byte> Embedded(string name) => EmbeddedText.Bytes(name);

    public static LinearModel Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw new FormatException("This is not a classifier's weights. Train them again.");
        }

        var (weights, scales, at) = (new sbyte[Families][], new float[Families], HeaderBytes);
        for (var family = 0; family < Families; family++)
        {
            var header = bytes[(4 + (family * 12))..];
            var length = BinaryPrimitives.ReadInt32LittleEndian(header);
            scales[family] = BinaryPrimitives.ReadSingleLittleEndian(header[4..]);
            weights[family] = new sbyte[length];
            MemoryMarshal.Cast<byte, sbyte>(bytes.Slice(at, length)).CopyTo(weights[family]);
            at += length;
        }

        var tail = bytes[(HeaderBytes - 8)..];
        return new LinearModel(
            weights, scales, BinaryPrimitives.ReadSingleLittleEndian(tail), BinaryPrimitives.ReadSingleLittleEndian(tail[4..]));
    }

    public byte[] Write()
    {
        var bytes = new byte[HeaderBytes + _weights.Sum(table => table.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        var at = HeaderBytes;
        for (var family = 0; family < Families; family++)
        {
            var header = bytes.AsSpan(4 + (family * 12));
            BinaryPrimitives.WriteInt32LittleEndian(header, _weights[family].Length);
            BinaryPrimitives.WriteSingleLittleEndian(header[4..], _scales[family]);
            MemoryMarshal.AsBytes(_weights[family].AsSpan()).CopyTo(bytes.AsSpan(at));
            at += _weights[family].Length;
        }

        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(HeaderBytes - 8), _bias);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(HeaderBytes - 4), Threshold);
        return bytes;
    }

    /// <summary>Adds up the features of one text.</summary>
    public struct Sum : IWeightSum
    {
        private readonly sbyte[][] _weights;
        private Lanes _totals;
        private Lanes _counts;

        internal Sum(sbyte[][] weights) => _weights = weights;

        public readonly Tally Tally => new(Vector128.Create((ReadOnlySpan<int>)_totals), Vector128.Create((ReadOnlySpan<int>)_counts));

        // Inlined where the family is known, so that its table, total and count are plain fields.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(FeatureFamily family, uint hash)
        {
            var table = _weights[(int)family];
            _totals[(int)family] += table[Features.PlaceOf(hash, table.Length)];
            _counts[(int)family]++;
        }

        void IWeightSum.Add(ReadOnlySpan<KnownWord> words, uint previous) => Add(words, previous);

        void IWeightSum.Add(ReadOnlySpan<uint> patterns) => Add(patterns);

        internal void Add(ReadOnlySpan<KnownWord> words, uint previous)
        {
            var table = _weights[(int)FeatureFamily.Word];
            var (own, letters, letterCount) = (0, 0, 0);
            foreach (ref readonly var word in words)
            {
                own += word.Weights.ToScalar() + table[Features.PlaceOf(ConstructionFeatures.PairOf(previous, word.Hash), table.Length)];
                letters += word.Letters.ToScalar();
                letterCount += word.LetterCount;
                previous = word.Hash;
            }

            _totals[(int)FeatureFamily.Word] += own;
            _counts[(int)FeatureFamily.Word] += 2 * words.Length;
            _totals[(int)FeatureFamily.Letters] += letters;
            _counts[(int)FeatureFamily.Letters] += letterCount;
        }

        internal void Add(ReadOnlySpan<uint> patterns)
        {
            var (table, sum) = (_weights[(int)FeatureFamily.Pattern], 0);
            foreach (var hash in patterns)
            {
                sum += table[Features.PlaceOf(hash, table.Length)];
            }

            _totals[(int)FeatureFamily.Pattern] += sum;
            _counts[(int)FeatureFamily.Pattern] += patterns.Length;
        }

        /// <summary>Begins again with nothing.</summary>
        internal void Clear() => (_totals, _counts) = (default, default);

        readonly Vector128<int> IWeightSum.TotalsOf(FeatureFamily family) => Vector128.CreateScalar(_totals[(int)family]);

        readonly int IWeightSum.CountOf(FeatureFamily family) => _counts[(int)family];

        // One for each family, and one to fill a register.
        [InlineArray(Families + 1)]
        private struct Lanes
        {
            private int _first;
        }
    }
}
