using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;

namespace Backstop.Protocol;

/// <summary>Writes fields of protobuf messages one behind the other, without a message that holds them; 0 and nothing are not written.</summary>
internal sealed class WireWriter
{
    private const int LongestVarint = 10;

    private byte[] _bytes = new byte[1024];

    /// <summary>How many bytes are written. What is behind is forgotten when it is set.</summary>
    public int Length { get; set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Number(int field, long value)
    {
        if (value != 0)
        {
            Tag(field, WireFormat.WireType.Varint);
            Varint((ulong)value);
        }
    }

    public void Number(int field, double value)
    {
        if (value != 0)
        {
            Tag(field, WireFormat.WireType.Fixed64);
            BinaryPrimitives.WriteDoubleLittleEndian(Room(sizeof(double)), value);
            Length += sizeof(double);
        }
    }

    public void Text(int field, string value)
    {
        if (value.Length > 0)
        {
            var begin = Begin(field);
            Length += Encoding.UTF8.GetBytes(value, Room(Encoding.UTF8.GetMaxByteCount(value.Length)));
            End(begin);
        }
    }

    /// <summary>Repeated numbers in one piece.</summary>
    public void Numbers(int field, ReadOnlySpan<long> values)
    {
        if (!values.IsEmpty)
        {
            var begin = Begin(field);
            foreach (var value in values)
            {
                Varint((ulong)value);
            }

            End(begin);
        }
    }

    public void Message(int field, IMessage message)
    {
        var (begin, size) = (Begin(field), message.CalculateSize());
        message.WriteTo(Room(size)[..size]);
        Length += size;
        End(begin);
    }

    /// <summary>Begins a field whose length is known at its end. Returns what to give to <see cref="End"/>.</summary>
    public int Begin(int field)
    {
        Tag(field, WireFormat.WireType.LengthDelimited);
        Room(1);
        return ++Length;
    }

    /// <summary>Ends a field. Most are short; what is in a longer one makes room for its length.</summary>
    public void End(int begin)
    {
        var length = Length - begin;
        var more = CodedOutputStream.ComputeLengthSize(length) - 1;
        if (more > 0)
        {
            Room(more);
            _bytes.AsSpan(begin, length).CopyTo(_bytes.AsSpan(begin + more));
        }

        Length = begin - 1;
        Varint((uint)length);
        Length += length;
    }

    public void Varint(ulong value)
    {
        var room = Room(LongestVarint);
        var place = 0;
        for (; value >= 0x80; value >>= 7)
        {
            room[place++] = (byte)(value | 0x80);
        }

        room[place++] = (byte)value;
        Length += place;
    }

    /// <summary>Room for so many bytes and perhaps more behind what is written; who fills it says so by <see cref="Length"/>.</summary>
    public Span<byte> Room(int bytes)
    {
        if (_bytes.Length - Length < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Length + bytes));
        }

        return _bytes.AsSpan(Length);
    }

    private void Tag(int field, WireFormat.WireType type) => Varint(WireFormat.MakeTag(field, type));
}
