using System.Buffers.Binary;
using System.Text;

namespace Backstop.Onnx;

/// <summary>A protobuf message written field by field, where its schema is somebody else's and small.</summary>
internal sealed class ProtoMessage
{
    private const int Varint = 0, LengthDelimited = 2, Fixed32 = 5;

    private readonly List<byte> _bytes = [];

    public ProtoMessage Number(int field, long value) => Tag(field, Varint).Write((ulong)value);

    public ProtoMessage Float(int field, float value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Tag(field, Fixed32)._bytes.AddRange(bytes);
        return this;
    }

    public ProtoMessage Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public ProtoMessage Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, LengthDelimited).Write((ulong)value.Length)._bytes.AddRange(value);
        return this;
    }

    public ProtoMessage Message(int field, ProtoMessage value) => Bytes(field, value.ToArray());

    public byte[] ToArray() => [.. _bytes];

    private ProtoMessage Tag(int field, int type) => Write(((ulong)field << 3) | (uint)type);

    // Seven bits at a time, the lowest first.
    private ProtoMessage Write(ulong value)
    {
        for (; value > 0x7f; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }

        _bytes.Add((byte)value);
        return this;
    }
}
