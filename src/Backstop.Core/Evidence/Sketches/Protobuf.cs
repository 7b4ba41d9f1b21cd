using System.Buffers;
using System.Buffers.Binary;

namespace Backstop.Core.Evidence.Sketches;

/// <summary>Writes the few kinds of protobuf fields that sketches have.</summary>
internal sealed class ProtobufWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlySpan<byte> Written => _bytes.WrittenSpan;

    public void Double(int field, double value)
    {
        Varint((ulong)(field << 3) | WireType.Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.GetSpan(sizeof(double)), value);
        _bytes.Advance(sizeof(double));
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)(field << 3) | WireType.LengthDelimited);
        Varint((ulong)value.Length);
        _bytes.Write(value);
    }

    /// <summary>A zigzag number, as <c>sint32</c> is written.</summary>
    public void Signed(int field, int value)
    {
        Varint((ulong)(field << 3) | WireType.Varint);
        Varint((uint)((value << 1) ^ (value >> 31)));
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Write([(byte)(value | 0x80)]);
        }

        _bytes.Write([(byte)value]);
    }
}

/// <summary>Reads them back. What it does not know it skips, as every reader of protobuf must.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _left = bytes;
    private uint _wireType;

    public readonly bool IsAtEnd => _left.IsEmpty;

    /// <summary>Whether the field at hand is a list in one piece.</summary>
    public readonly bool IsPacked => _wireType == WireType.LengthDelimited;

    public bool Next(out int field)
    {
        field = 0;
        if (_left.IsEmpty)
        {
            return false;
        }

        var tag = Varint();
        _wireType = (uint)(tag & 7);
        field = (int)Math.Min(tag >> 3, int.MaxValue);
        return true;
    }

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    public ReadOnlySpan<byte> Bytes() => Take(Varint());

    public int Signed()
    {
        var zigzag = (uint)Varint();
        return (int)(zigzag >> 1) ^ -(int)(zigzag & 1);
    }

    public ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Take(1)[0];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new FormatException("A number in this message does not end.");
    }

    public void Skip() => _ = _wireType switch
    {
        WireType.Varint => Varint() > 0,
        WireType.Fixed64 => Take(sizeof(ulong)).IsEmpty,
        WireType.LengthDelimited => Bytes().IsEmpty,
        WireType.Fixed32 => Take(sizeof(uint)).IsEmpty,
        _ => throw new FormatException("This is not a protobuf message."),
    };

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_left.Length)
        {
            throw new FormatException("This message is cut off.");
        }

        var taken = _left[..(int)length];
        _left = _left[(int)length..];
        return taken;
    }
}

/// <summary>How a field is laid out, in the low three bits of its tag.</summary>
internal static class WireType
{
    public const uint Varint = 0, Fixed64 = 1, LengthDelimited = 2, Fixed32 = 5;
}
