using System.Numerics;

namespace Backstop.Core.Guards.Text;

/// <summary>One bit for each character of a text that is part of a word, so that words are found 64 characters at a time.</summary>
internal sealed class LetterMap
{
    private const int Bits = 64;

    private ulong[] _words = new ulong[16];
    private int _length;

    /// <summary>Forgets what was marked.</summary>
    /// <param name="length">Of the text, in characters.</param>
    public void Clear(int length)
    {
        // One more than there are characters for: what begins in the last may reach into the next, and a run ends before it.
        _length = (length / Bits) + 2;
        if (_words.Length < _length)
        {
            _words = new ulong[_length];
        }

        _words.AsSpan(0, _length).Clear();
    }

    public bool this[int at] => (_words[at / Bits] >> (at % Bits) & 1) != 0;

    /// <summary>Marks some of the 16 characters from <paramref name="at"/>.</summary>
    public void Mark(int at, uint letters)
    {
        var (word, bit) = (at / Bits, at % Bits);
        _words[word] |= (ulong)letters << bit;
        if (bit > Bits - 16)
        {
            _words[word + 1] |= (ulong)letters >> (Bits - bit);
        }
    }

    /// <summary>The first character at or after <paramref name="at"/> that is not marked.</summary>
    public int EndFrom(int at)
    {
        var word = at / Bits;
        var others = ~_words[word] >> (at % Bits);
        if (others != 0)
        {
            return at + BitOperations.TrailingZeroCount(others);
        }

        while (++word < _length)
        {
            if (~_words[word] is not 0 and var rest)
            {
                return (word * Bits) + BitOperations.TrailingZeroCount(rest);
            }
        }

        return _length * Bits;
    }
}
