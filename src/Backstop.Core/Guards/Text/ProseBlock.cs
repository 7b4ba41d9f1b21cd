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

    private readonly Vector128<byte> _first;
    private readonly Vector128<byte> _second;
    private readonly Vector128<byte> _third;
    private readonly Vector128<byte> _fourth;

    /// <param name="text">At least so long.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ProseBlock(ReadOnlySpan<char> text)
    {
        _first = AsciiBlock.Narrow(text);
        _second = AsciiBlock.Narrow(text[AsciiBlock.Length..]);
        _third = AsciiBlock.Narrow(text[(2 * AsciiBlock.Length)..]);
        _fourth = AsciiBlock.Narrow(text[(3 * AsciiBlock.Length)..]);
    }

    /// <summary>The letters of ASCII.</summary>
    public ulong Letters
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits(AsciiBlock.InRange(Lower(_first), 'a', 26), AsciiBlock.InRange(Lower(_second), 'a', 26), AsciiBlock.InRange(Lower(_third), 'a', 26), AsciiBlock.InRange(Lower(_fourth), 'a', 26));
    }

    /// <summary>Its letters in upper case.</summary>
    public ulong Uppers
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Bits(AsciiBlock.InRange(_first, 'A', 26), AsciiBlock.InRange(_second, 'A', 26), AsciiBlock.InRange(_third, 'A', 26), AsciiBlock.InRange(_fourth, 'A', 26));
    }

    /// <summary>Commas and line ends: what ends a word and belongs to none.</summary>
    public ulong Ends
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Of(',') | Of('\n');
    }

    /// <summary>Where one sign stands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(char sign)
    {
        var wanted = Vector128.Create((byte)sign);
        return Bits(Vector128.Equals(_first, wanted), Vector128.Equals(_second, wanted), Vector128.Equals(_third, wanted), Vector128.Equals(_fourth, wanted));
    }

    /// <summary>Where one letter stands, in either case.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong OfLetter(char letter)
    {
        var wanted = Vector128.Create((byte)letter);
        return Bits(Vector128.Equals(Lower(_first), wanted), Vector128.Equals(Lower(_second), wanted), Vector128.Equals(Lower(_third), wanted), Vector128.Equals(Lower(_fourth), wanted));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Lower(Vector128<byte> bytes) => bytes | Vector128.Create((byte)0x20);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, Vector128<byte> fourth) =>
        first.ExtractMostSignificantBits() | ((ulong)second.ExtractMostSignificantBits() << 16)
        | ((ulong)third.ExtractMostSignificantBits() << 32) | ((ulong)fourth.ExtractMostSignificantBits() << 48);
}
