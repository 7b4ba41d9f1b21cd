using System.Buffers.Binary;

namespace Backstop.Core.Evidence.Sketches;

/// <summary>Writes and reads quantile sketches in DDSketch's own protobuf format, so that other programs can use them.</summary>
/// <remarks>
/// The message is DataDog's <c>DDSketch</c>: a mapping (γ, index offset, interpolation), a store of positive values, one of
/// negative values, and the count of zeros. Bins are numbered as its JavaScript and Python libraries number them: value v
/// in bin ⌈log v / log γ⌉. Read are dense and sparse stores of logarithmic mappings without negative values; the counts,
/// which are doubles there, must be whole. Where γ is the same nothing is lost either way.
/// </remarks>
public static class DDSketchFormat
{
    // Field numbers, as the message's definition has them.
    private const int Mapping = 1, PositiveValues = 2, NegativeValues = 3, ZeroCount = 4;
    private const int Gamma = 1, IndexOffset = 2, Interpolation = 3;
    private const int BinCounts = 1, ContiguousBinCounts = 2, ContiguousBinIndexOffset = 3;
    private const int MapKey = 1, MapValue = 2;

    /// <summary>The sketch as bytes.</summary>
    public static byte[] Write(QuantileSketch sketch)
    {
        var mapping = new ProtobufWriter();
        mapping.Double(Gamma, sketch.Gamma);
        var positive = new ProtobufWriter();
        if (!sketch.Bins.IsEmpty)
        {
            var counts = new byte[sketch.Bins.Length * sizeof(double)];
            for (var i = 0; i < sketch.Bins.Length; i++)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(counts.AsSpan(i * sizeof(double)), sketch.Bins[i]);
            }

            positive.Bytes(ContiguousBinCounts, counts);
            positive.Signed(ContiguousBinIndexOffset, sketch.FirstBin);
        }

        var message = new ProtobufWriter();
        message.Bytes(Mapping, mapping.Written);
        message.Bytes(PositiveValues, positive.Written);
        message.Bytes(NegativeValues, []); // Other readers insist on it.
        message.Double(ZeroCount, sketch.ZeroCount);
        return message.Written.ToArray();
    }

    /// <summary>The sketch that was written.</summary>
    /// <exception cref="FormatException">The bytes are no such message, or it holds what this sketch cannot.</exception>
    public static QuantileSketch Read(ReadOnlySpan<byte> bytes)
    {
        var (gamma, offset, zeros) = (0.0, 0.0, 0.0);
        var bins = new SortedDictionary<int, double>();
        var message = new ProtobufReader(bytes);
        while (message.Next(out var field))
        {
            switch (field)
            {
                case Mapping:
                    ReadMapping(message.Bytes(), out gamma, out offset);
                    break;
                case PositiveValues:
                    ReadStore(message.Bytes(), bins);
                    break;
                case NegativeValues:
                    var negative = new SortedDictionary<int, double>();
                    ReadStore(message.Bytes(), negative);
                    if (negative.Values.Any(n => n != 0))
                    {
                        throw new FormatException("This sketch holds negative values.");
                    }

                    break;
                case ZeroCount:
                    zeros = message.Double();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        var sketch = Empty(gamma);
        if (Whole(zeros) is > 0 and var zeroes)
        {
            sketch.Add(0, zeroes);
        }

        // From the top, so that the span is known before the low bins come.
        foreach (var (bin, count) in bins.Reverse().Where(b => b.Value != 0))
        {
            sketch.AddBin(checked(bin - (int)Whole(offset)), Whole(count));
        }

        return sketch;
    }

    private static QuantileSketch Empty(double gamma)
    {
        // Twelve digits: the accuracy that someone chose, and not what is left of it after a division.
        var accuracy = Math.Round((gamma - 1) / (gamma + 1), 12);
        return accuracy is >= 0.001 and <= 0.2
            ? new(accuracy)
            : throw new FormatException($"The ratio {gamma} of this sketch's bins is none that can be used here.");
    }

    private static void ReadMapping(ReadOnlySpan<byte> bytes, out double gamma, out double offset)
    {
        (gamma, offset) = (0, 0);
        var mapping = new ProtobufReader(bytes);
        while (mapping.Next(out var field))
        {
            switch (field)
            {
                case Gamma:
                    gamma = mapping.Double();
                    break;
                case IndexOffset:
                    offset = mapping.Double();
                    break;
                case Interpolation when mapping.Varint() != 0:
                    throw new FormatException("The bins of this sketch are not logarithmic but interpolated.");
                case Interpolation:
                    break;
                default:
                    mapping.Skip();
                    break;
            }
        }
    }

    private static void ReadStore(ReadOnlySpan<byte> bytes, SortedDictionary<int, double> bins)
    {
        List<double> dense = [];
        var first = 0;
        var store = new ProtobufReader(bytes);
        while (store.Next(out var field))
        {
            switch (field)
            {
                case BinCounts:
                    ReadBin(store.Bytes(), bins);
                    break;
                case ContiguousBinCounts when store.IsPacked:
                    var packed = new ProtobufReader(store.Bytes());
                    while (!packed.IsAtEnd)
                    {
                        dense.Add(packed.Double());
                    }

                    break;
                case ContiguousBinCounts:
                    dense.Add(store.Double());
                    break;
                case ContiguousBinIndexOffset:
                    first = store.Signed();
                    break;
                default:
                    store.Skip();
                    break;
            }
        }

        for (var i = 0; i < dense.Count; i++)
        {
            bins[first + i] = bins.GetValueOrDefault(first + i) + dense[i];
        }
    }

    private static void ReadBin(ReadOnlySpan<byte> bytes, SortedDictionary<int, double> bins)
    {
        var (bin, count) = (0, 0.0);
        var entry = new ProtobufReader(bytes);
        while (entry.Next(out var field))
        {
            switch (field)
            {
                case MapKey:
                    bin = entry.Signed();
                    break;
                case MapValue:
                    count = entry.Double();
                    break;
                default:
                    entry.Skip();
                    break;
            }
        }

        bins[bin] = bins.GetValueOrDefault(bin) + count;
    }

    private static long Whole(double number) =>
        Math.Abs(number) < 1L << 53 && number == Math.Floor(number)
            ? (long)number
            : throw new FormatException($"{number} in this sketch should be a whole number.");
}
