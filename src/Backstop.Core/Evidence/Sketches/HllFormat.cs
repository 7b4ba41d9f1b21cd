using System.Buffers.Binary;

namespace Backstop.Core.Evidence.Sketches;

/// <summary>Writes and reads distinct sketches as Apache DataSketches does: a compact HLL sketch of the type HLL_8.</summary>
/// <remarks>
/// Eight bytes say what it is, twelve ints with them are the preamble, then one byte for each register. Ours says that it was merged
/// (out of order), so that readers estimate from the registers and not from the history, which is not kept. Few units are written and read
/// as a list or a set of coupons: a coupon is a register's number with 26 bits and its value above them.
/// </remarks>
public static class HllFormat
{
    private const int Preamble = 40;
    private const int ListPreamble = 8;
    private const int SetPreamble = 12;
    private const byte Version = 1;
    private const byte Family = 7;
    private const byte Empty = 4;
    private const byte Compact = 8;
    private const byte OutOfOrder = 16;
    private const byte Hll8 = 2 << 2;
    private const int CouponBits = 26;

    // As many coupons as a set of theirs holds before it becomes registers.
    private const int MostCoupons = 96;
    private const int MostInList = 8;

    /// <summary>The most bytes that <see cref="Write"/> gives.</summary>
    public const int Size = Preamble + (1 << DistinctSketch.LogRegisters);

    private enum Mode
    {
        List,
        Set,
        Hll,
    }

    /// <summary>The sketch as bytes: most aliases have few units, which take four bytes each.</summary>
    public static byte[] Write(DistinctSketch sketch)
    {
        Span<byte> bytes = stackalloc byte[Size];
        return bytes[..Write(sketch, bytes)].ToArray();
    }

    /// <summary>Writes the sketch as bytes and says how many they are.</summary>
    /// <param name="bytes">Room for <see cref="Size"/>.</param>
    public static int Write(DistinctSketch sketch, Span<byte> bytes)
    {
        var few = sketch.Registers.Length - sketch.Registers.Count((byte)0);
        return few <= MostCoupons ? WriteCoupons(sketch, few, bytes) : WriteRegisters(sketch, bytes);
    }

    /// <summary>The sketch that these bytes are.</summary>
    /// <exception cref="FormatException">They are no sketch, or one with another number of registers or of another type.</exception>
    public static DistinctSketch Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < ListPreamble || bytes[1] != Version || bytes[2] != Family)
        {
            throw new FormatException("These bytes are no HLL sketch of Apache DataSketches.");
        }

        var sketch = new DistinctSketch();
        var mode = (Mode)(bytes[7] & 3);
        if ((bytes[5] & Empty) != 0 && mode != Mode.Hll)
        {
            return sketch;
        }

        switch (mode)
        {
            case Mode.List:
                Coupons(bytes, ListPreamble, bytes[6], sketch);
                return sketch;
            case Mode.Set when bytes.Length >= SetPreamble && (bytes[5] & Compact) != 0:
                Coupons(bytes, SetPreamble, BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]), sketch);
                return sketch;
            case Mode.Hll when bytes[3] == DistinctSketch.LogRegisters && (bytes[7] & 12) == Hll8 && bytes.Length == Size:
                for (var i = 0; i < bytes.Length - Preamble; i++)
                {
                    Raise(sketch, i, bytes[Preamble + i]);
                }

                return sketch;
            default:
                throw new FormatException($"This HLL sketch is not a compact one of the type HLL_8 with 2^{DistinctSketch.LogRegisters} registers.");
        }
    }

    private static int WriteRegisters(DistinctSketch sketch, Span<byte> bytes)
    {
        Span<int> counts = stackalloc int[DistinctSketch.MostZeros + 2];
        counts.Clear();
        foreach (var register in sketch.Registers)
        {
            counts[register]++;
        }

        // Small terms apart from large ones, so that none is lost.
        var (sum, rest) = (0.0, 0.0);
        for (var value = 0; value < counts.Length; value++)
        {
            if (counts[value] > 0)
            {
                sum += value < 32 ? Math.ScaleB(counts[value], -value) : 0;
                rest += value < 32 ? 0 : Math.ScaleB(counts[value], -value);
            }
        }

        bytes[..Preamble].Clear();
        ((ReadOnlySpan<byte>)[Preamble / sizeof(int), Version, Family, DistinctSketch.LogRegisters, 0, Compact | OutOfOrder, 0, (byte)Mode.Hll | Hll8]).CopyTo(bytes);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[16..], sum);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes[24..], rest);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[32..], counts[0]);
        sketch.Registers.CopyTo(bytes[Preamble..]);
        return Size;
    }

    private static int WriteCoupons(DistinctSketch sketch, int count, Span<byte> bytes)
    {
        var isList = count <= MostInList;
        var preamble = isList ? ListPreamble : SetPreamble;
        var logPlaces = isList ? 3 : 5;
        while (!isList && 4 * count > 3 << logPlaces)
        {
            logPlaces++;
        }

        var length = preamble + (count * sizeof(uint));
        var flags = count == 0 ? (byte)(Empty | Compact) : Compact;
        ((ReadOnlySpan<byte>)
        [
            (byte)(preamble / sizeof(int)), Version, Family, DistinctSketch.LogRegisters, (byte)logPlaces, flags, (byte)(isList ? count : 0),
            (byte)((isList ? (byte)Mode.List : (byte)Mode.Set) | Hll8),
        ]).CopyTo(bytes);
        if (!isList)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes[ListPreamble..], count);
        }

        var registers = sketch.Registers;
        var place = preamble;
        for (var i = registers.IndexOfAnyExcept((byte)0); place < length; place += sizeof(uint))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[place..], (uint)i | ((uint)registers[i] << CouponBits));
            i += 1 + registers[(i + 1)..].IndexOfAnyExcept((byte)0);
        }

        return length;
    }

    private static void Coupons(ReadOnlySpan<byte> bytes, int from, int count, DistinctSketch sketch)
    {
        if (count < 0 || bytes.Length - from < (long)count * sizeof(uint))
        {
            throw new FormatException("This HLL sketch ends before its last coupon.");
        }

        for (var i = 0; i < count; i++)
        {
            var coupon = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(from + (i * sizeof(uint)))..]);
            Raise(sketch, (int)(coupon & ((1 << DistinctSketch.LogRegisters) - 1)), (byte)(coupon >> CouponBits));
        }
    }

    private static void Raise(DistinctSketch sketch, int register, byte value)
    {
        if (value > DistinctSketch.MostZeros + 1)
        {
            throw new FormatException($"A register of this HLL sketch holds {value}; 63 is the most that a hash of 64 bits can give.");
        }

        sketch.Raise(register, value);
    }
}
