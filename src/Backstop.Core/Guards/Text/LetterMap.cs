using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backstop.Core.Guards.Text;

/// <summary>What the characters of a text are to a reader of words, a bit for each, so that 64 are looked at together.</summary>
internal sealed class LetterMap
{
    /// <summary>How many are looked at together.</summary>
    public const int Bits = 64;

    private Part[] _parts = new Part[16];

    /// <summary>Forgets what was marked.</summary>
    /// <param name="length">Of the text, in characters.</param>
    public void Clear(int length)
    {
        // One more than there are characters for: what begins in the last may reach into the next, and a run ends before it.
        var parts = (length / Bits) + 2;
        if (_parts.Length < parts)
        {
            _parts = new Part[parts];
        }

        _parts.AsSpan(0, parts).Clear();
    }

    /// <summary>Whether a character is a letter.</summary>
    public bool this[int at] => (_parts[at / Bits].Letters >> (at % Bits) & 1) != 0;

    /// <summary>64 characters, the first of them a multiple of 64.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly Part PartOf(int at) => ref _parts[at / Bits];

    /// <summary>Marks some of the 16 characters from <paramref name="at"/>.</summary>
    /// <param name="letters">Those that are part of a word.</param>
    /// <param name="signs">Others that are looked at for themselves.</param>
    /// <param name="joints">Others with which a word may go on.</param>
    public void Mark(int at, uint letters, uint signs, uint joints)
    {
        var (part, bit) = (at / Bits, at % Bits);
        ref var first = ref _parts[part];
        first.Letters |= (ulong)letters << bit;
        first.Signs |= (ulong)signs << bit;
        first.Joints |= (ulong)joints << bit;
        if (bit > Bits - 16)
        {
            ref var second = ref _parts[part + 1];
            second.Letters |= (ulong)letters >> (Bits - bit);
            second.Signs |= (ulong)signs >> (Bits - bit);
            second.Joints |= (ulong)joints >> (Bits - bit);
        }
    }

    /// <summary>The first character at or after <paramref name="at"/> that is no letter.</summary>
    public int EndFrom(int at)
    {
        for (var letters = PartOf(at).Letters >> (at % Bits); ; letters = PartOf(at).Letters)
        {
            var count = ulong.TrailingZeroCount(~letters);
            var rest = (ulong)(Bits - (at % Bits));
            if (count < rest)
            {
                return at + (int)count;
            }

            at += (int)rest;
        }
    }

    [StructLayout(LayoutKind.Auto)]
    public struct Part
    {
        public ulong Letters;
        public ulong Signs;
        public ulong Joints;
    }
}
