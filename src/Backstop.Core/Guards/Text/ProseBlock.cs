using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Backstop.Core.Guards.Text;

/// <summary>What sixty-four characters are, all looked at at once: a bit for each, the first the lowest.</summary>
/// <remarks>Many words fit into one: where nearly all of them are passed over, one question is put to all instead of several to each.</remarks>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct ProseBlock
{
    public const int Length = 4 * AsciiBlock.Length;

    private readonly Vector512<byte> _bytes;

    /// <param name="text">At least so long.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ProseBlock(ReadOnlySpan<char> text)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var units = MemoryMarshal.Cast<char, ushort>(text[..Length]);
            _bytes = Vector512.NarrowWithSaturation(Vector512.Create(units), Vector512.Create(units[Vector512<ushort>.Count..]));
        }
        else
        {
            _bytes = Vector512.Create(
                Vector256.Create(AsciiBlock.Narrow(text), AsciiBlock.Narrow(text[AsciiBlock.Length..])),
                Vector256.Create(AsciiBlock.Narrow(text[(2 * AsciiBlock.Length)..]), AsciiBlock.Narrow(text[(3 * AsciiBlock.Length)..])));
        }
    }

    /// <summary>The letters of ASCII.</summary>
    public ulong Letters
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => InRange(Lower, 'a', 26);
    }

    /// <summary>Its letters in upper case.</summary>
    public ulong Uppers
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => InRange(_bytes, 'A', 26);
    }

    /// <summary>Commas and line ends: what ends a word and belongs to none.</summary>
    public ulong Ends
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Of(',') | Of('\n');
    }

    /// <summary>Where one sign stands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(char sign) => Vector512.Equals(_bytes, Vector512.Create((byte)sign)).ExtractMostSignificantBits();

    /// <summary>Where one letter stands, in either case.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong OfLetter(char letter) => Vector512.Equals(Lower, Vector512.Create((byte)letter)).ExtractMostSignificantBits();

    private Vector512<byte> Lower
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _bytes | Vector512.Create((byte)0x20);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong InRange(Vector512<byte> bytes, char first, byte count) =>
        Vector512.LessThan(bytes - Vector512.Create((byte)first), Vector512.Create(count)).ExtractMostSignificantBits();
}
