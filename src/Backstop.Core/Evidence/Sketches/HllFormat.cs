using System.Buffers.Binary;

namespace Backstop.Core.Evidence.Sketches;

/// <summary>Writes and reads distinct sketches as Apache DataSketches does: a compact HLL sketch of the type HLL_8.</summary>
/// <remarks>
/// Eight bytes say what it is, twelve ints with them are the preamble, then one byte for each register. Ours says that it was merged
/// (out of order), so that readers estimate from the registers and not from the history, which is not kept. Of theirs, what is still a
/// list or a set of coupons is read as well: a coupon is a register's number with 26 bits and its value above them.
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

    /// <summary>How many bytes <see cref="Write"/> gives.</summary>
    public const int Size = Preamble + (1 << DistinctSketch.LogRegisters);

    private enum Mode
    {
        List,
        Set,
        Hll,
    }

    /// <summary>The sketch as bytes.</summary>
    public static byte[] Write(DistinctSketch sketch)
    {
        var bytes = new byte[Size];
        var (sum, rest, empty) = (0.0, 0.0, 0);
        foreach (var register in sketch.Registers)
        {
            // Small terms apart from large ones, so that none is lost.
            sum += register < 32 ? Math.ScaleB(1, -register) : 0;
            rest += register < 32 ? 0 : Math.ScaleB(1, -register);
            empty += register == 0 ? 1 : 0;
        }

        ((ReadOnlySpan<byte>)[Preamble / sizeof(int), Version, Family, DistinctSketch.LogRegisters, 0, Compact | OutOfOrder, 0, (byte)Mode.Hll | Hll8]).CopyTo(bytes);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(16), sum);
        BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(24), rest);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(32), empty);
        sketch.Registers.CopyTo(bytes.AsSpan(Preamble));
        return bytes;
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
