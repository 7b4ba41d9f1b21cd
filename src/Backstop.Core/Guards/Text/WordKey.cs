using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Backstop.Core.Guards.Text;

/// <summary>The first sixteen characters of a word, compared and hashed at once. A shorter word is filled up with zeros, which no word has.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct WordKey
{
    public const int Longest = 16;

    private readonly Vector128<short> _first;
    private readonly Vector128<short> _second;

    /// <param name="chars">Sixteen characters, of which the word is the beginning.</param>
    public WordKey(ReadOnlySpan<char> chars, int length)
    {
        var units = MemoryMarshal.Cast<char, short>(chars);
        var reach = Vector128.Create((short)Math.Min(length, Longest));
        _first = Vector128.Create(units) & Vector128.GreaterThan(reach, Vector128<short>.Indices);
        _second = Vector128.Create(units[8..]) & Vector128.GreaterThan(reach, Vector128<short>.Indices + Vector128.Create((short)8));
    }

    /// <summary>The high bits of it spread words over a table. Differs between machines of another byte order; nothing stored depends on it.</summary>
    public ulong Hash
    {
        get
        {
            // Both halves of a word of ASCII side by side, without loss.
            var both = (_first ^ Vector128.ShiftLeft(_second, 8)).AsUInt64();
            return unchecked((both.GetElement(0) * 0x9e3779b97f4a7c15) + (both.GetElement(1) * 0xc2b2ae3d27d4eb4f));
        }
    }

    /// <summary>Its first character.</summary>
    public char First => (char)_first.ToScalar();

    public bool Is(in WordKey other) => ((_first ^ other._first) | (_second ^ other._second)) == Vector128<short>.Zero;
}
