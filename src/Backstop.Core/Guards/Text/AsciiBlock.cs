using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Backstop.Core.Guards.Text;

/// <summary>What sixteen characters are, all looked at at once: a bit for each, the first the lowest.</summary>
internal static class AsciiBlock
{
    public const int Length = 16;

    /// <summary>Which of the first sixteen are letters.</summary>
    public static uint Letters(ReadOnlySpan<char> text) => LettersOf(Narrow(text)).ExtractMostSignificantBits();

    /// <summary>Which of the first sixteen the alphabets of encodings have: letters, digits and <c>+ / = _ -</c>.</summary>
    public static uint Encoded(ReadOnlySpan<char> text)
    {
        var bytes = Narrow(text);
        var signs = Vector128.Equals(bytes, Vector128.Create((byte)'+')) | Vector128.Equals(bytes, Vector128.Create((byte)'='))
            | Vector128.Equals(bytes, Vector128.Create((byte)'_')) | Vector128.Equals(bytes, Vector128.Create((byte)'-'));

        // The slash stands before the digits.
        return (LettersOf(bytes) | InRange(bytes, '/', 11) | signs).ExtractMostSignificantBits();
    }

    public static Vector128<byte> InRange(Vector128<byte> bytes, char first, byte count) =>
        Vector128.LessThan(bytes - Vector128.Create((byte)first), Vector128.Create(count));

    private static Vector128<byte> LettersOf(Vector128<byte> bytes) => InRange(bytes | Vector128.Create((byte)0x20), 'a', 26);

    /// <summary>The first sixteen in a byte each; what is none becomes one that is no ASCII.</summary>
    public static Vector128<byte> Narrow(ReadOnlySpan<char> text)
    {
        var units = MemoryMarshal.Cast<char, ushort>(text[..Length]);
        return Vector128.NarrowWithSaturation(Vector128.Create(units), Vector128.Create(units[Vector128<ushort>.Count..]));
    }
}
