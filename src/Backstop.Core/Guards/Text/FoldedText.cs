using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Backstop.Core.Guards.Json;

namespace Backstop.Core.Guards.Text;

/// <summary>The words of a stretch of text as a reader takes them, for classifiers: folded, without mentions and addresses.</summary>
/// <remarks>
/// Words keep signs that stand for letters inside them (<c>sh!t</c>), and letters written apart (<c>i d i o t</c>) are one
/// word. In scripts that put no space between words each character is one. One instance is reused again and again by its
/// owner, so that folding allocates nothing.
/// </remarks>
public sealed class FoldedText
{
    // What is read at once, and what may be read beyond a word.
    private const int Block = 16;

    // What a character of ASCII is that is no letter, in lower case, by the lower and the higher half of its bits: a bit that both have counts.
    private const byte Signs = 0b0000_0111;
    private const byte Joints = 0b0111_1100;

    private static readonly Vector128<byte> KindsByLow = Vector128.Create(0b0100_0100, 0b1000, 0b0001, 0b1000, 0b1001, 0, 0, 0b1000, 0, 0, 0b0001_1010, 0b0010_0000, 0b0010_0000, 0b0010_0000, 0b0010_0000, (byte)0b0010_0000);
    private static readonly Vector128<byte> KindsByHigh = Vector128.Create(0b0010, 0, 0b1001, 0b0001_0000, 0b0100, 0b0010_0000, 0b0100_0000, 0b0010_0000, 0, 0, 0, 0, 0, 0, 0, (byte)0);

    private static readonly SearchValues<char> LetterSigns = SearchValues.Create("0123456789!@$+");

    private readonly LetterMap _letters = new();
    private char[] _chars = new char[1024];
    private (int Start, int Length, bool Quoted)[] _words = new (int, int, bool)[256];
    private int _length;

    // Whether all folded characters are ASCII.
    private bool _plain;

    // The first word after an opening quotation mark, or -1.
    private int _opened;

    // The first of the single letters that may be one word written apart, and the end of the last word.
    private int _apartFrom;
    private int _lastEnd;

    // What stands between such letters.
    private char _separator;

    public int Count { get; private set; }

    public ReadOnlySpan<char> this[int word] => _chars.AsSpan(_words[word].Start, _words[word].Length);

    /// <summary>Whether a word stands between quotation marks, amid words that do not: a text that is all quotation says what it says.</summary>
    public bool IsQuoted(int word) => _words[word].Quoted;

    /// <summary>A word and what follows it, without spaces: where a script puts none, a listed word may go over several of ours.</summary>
    /// <param name="into">As many characters as are wanted.</param>
    /// <returns>How many there are.</returns>
    public int CopyFrom(int word, Span<char> into)
    {
        var length = 0;
        for (; word < Count && length < into.Length; word++)
        {
            var next = this[word];
            next = next[..Math.Min(next.Length, into.Length - length)];
            next.CopyTo(into[length..]);
            length += next.Length;
        }

        return length;
    }

    /// <param name="escaped">Whether backslashes are JSON escapes.</param>
    public void Read(ReadOnlySpan<char> text, bool escaped)
    {
        (_length, Count, _opened, _plain, _apartFrom, _lastEnd, _separator) = (0, 0, -1, true, 0, -2, '\0');
        if (_chars.Length < text.Length + Block)
        {
            _chars = new char[text.Length + Block];
        }

        Fold(text, escaped);
        Cut(_chars.AsSpan(0, _length));
    }

    /// <summary>Sixteen characters from the beginning of a word, what follows it left out.</summary>
    internal WordKey KeyOf(int word, out int length)
    {
        (var start, length, _) = _words[word];
        return new(_chars.AsSpan(start, WordKey.Longest), length);
    }

    /// <summary>Replaces a word by a shorter or equally long spelling of it.</summary>
    public void Respell(int word, ReadOnlySpan<char> spelling)
    {
        spelling.CopyTo(_chars.AsSpan(_words[word].Start));
        _words[word].Length = spelling.Length;
    }

    /// <summary>Takes digits and signs in words that also have letters for the letters they stand for.</summary>
    public void Unleet()
    {
        if (!_chars.AsSpan(0, _length).ContainsAny(LetterSigns))
        {
            return;
        }

        for (var i = 0; i < Count; i++)
        {
            var word = _chars.AsSpan(_words[i].Start, _words[i].Length);
            if (word.ContainsAnyInRange('a', 'z') && word.ContainsAnyExceptInRange('a', 'z'))
            {
                foreach (ref var c in word)
                {
                    c = CharFold.Unleet(c);
                }
            }
        }
    }

    private void Fold(ReadOnlySpan<char> text, bool escaped)
    {
        _letters.Clear(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text.Length - i < Block)
            {
                // Filled up where it goes, and what it was filled up with is forgotten.
                var block = _chars.AsSpan(_length, Block);
                block.Fill(' ');
                text[i..].CopyTo(block);
                if (FoldPlain(block, escaped))
                {
                    _length -= Block - (text.Length - i);
                    return;
                }
            }
            else if (FoldPlain(text[i..], escaped))
            {
                i += Block;
                continue;
            }

            for (var stop = Math.Min(i + Block, text.Length); i < stop;)
            {
                i += FoldOne(text, i, escaped);
            }
        }
    }

    // A block in which every character is ASCII and stays one character.
    private bool FoldPlain(ReadOnlySpan<char> text, bool escaped)
    {
        var units = MemoryMarshal.Cast<char, ushort>(text[..Block]);
        var (first, second) = (Vector128.Create(units), Vector128.Create(units[Vector128<ushort>.Count..]));
        var bytes = Vector128.Narrow(first, second);
        var special = Vector128.Equals(bytes, Vector128<byte>.Zero) | (escaped ? Vector128.Equals(bytes, Vector128.Create((byte)'\\')) : Vector128<byte>.Zero);
        if (((first | second) & Vector128.Create((ushort)0xff80)) != Vector128<ushort>.Zero || special != Vector128<byte>.Zero)
        {
            return false;
        }

        bytes |= AsciiBlock.InRange(bytes, 'A', 26) & Vector128.Create((byte)0x20);
        var letters = AsciiBlock.InRange(bytes, 'a', 26) | AsciiBlock.InRange(bytes, '0', 10);
        var kinds = Vector128.Shuffle(KindsByLow, bytes & Vector128.Create((byte)0x0f)) & Vector128.Shuffle(KindsByHigh, bytes >>> 4);
        var into = MemoryMarshal.Cast<char, ushort>(_chars.AsSpan(_length, Block));
        var (low, high) = Vector128.Widen(bytes);
        low.CopyTo(into);
        high.CopyTo(into[Vector128<ushort>.Count..]);
        _letters.Mark(_length, letters.ExtractMostSignificantBits(), BitsOf(kinds, Signs), BitsOf(kinds, Joints));
        _length += Block;
        return true;
    }

    private static uint BitsOf(Vector128<byte> kinds, byte wanted) => (~Vector128.Equals(kinds & Vector128.Create(wanted), Vector128<byte>.Zero)).ExtractMostSignificantBits();

    // Returns how many characters the next one is written with.
    private int FoldOne(ReadOnlySpan<char> text, int at, bool escaped)
    {
        var (c, length) = (text[at], 1);
        if (escaped && c == '\\' && JsonEscapes.LengthAt(text, at) is > 0 and var escape)
        {
            (c, length) = (CharFold.Fold(JsonEscapes.CharAt(text, at)), escape);
        }
        else if (char.IsHighSurrogate(c) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
        {
            (c, length) = (CharFold.Fold(c, text[at + 1]), 2);
        }
        else
        {
            c = CharFold.Fold(c);
        }

        if (c != CharFold.Dropped)
        {
            _plain &= c < 128;
            Mark(_length, c);
            _chars[_length++] = c;
        }

        return length;
    }

    private void Mark(int at, char c)
    {
        var (isLetter, isWord) = (WordSigns.IsLetter(c), Words.Cjk(c));
        _letters.Mark(
            at, isLetter && !isWord ? 1u : 0, isLetter ? isWord ? 1u : 0 : WordSigns.IsMark(c) || c is '@' or '$' ? 1u : 0, WordSigns.EndsWord(c) ? 0u : 1);
    }

    private void Cut(Span<char> text)
    {
        // Behind its end a word is looked at as if it went on.
        _letters.Mark(text.Length, 0, 1, 1);
        for (var i = AddPlain(text, 0); i < text.Length; i = AddPlain(text, i))
        {
            var c = text[i];
            if (WordSigns.IsMark(c) && !_letters[i])
            {
                Mark(c);
                i++;
                continue;
            }

            var end = EndOfWord(text, i, out var signs);
            if (c is '@' or 'h' && WordSigns.Skipped(text, i, end) is > 0 and var skipped)
            {
                i = skipped;
                continue;
            }

            // Single letters, each the same sign after the other, are one word: "s-t-o-p n-o-w" are two.
            var apart = i - _lastEnd == 1 ? text[_lastEnd] : '\0';
            if (end - i > 1 || apart == '\0' || (Count - _apartFrom > 1 && apart != _separator))
            {
                JoinApart();
                _apartFrom = end - i == 1 ? Count : Count + 1;
            }

            _separator = apart;
            Add(text, i, end, signs);
            i = _lastEnd = end;
        }

        JoinApart();
        var words = _words.AsSpan(0, Count);
        foreach (var word in words)
        {
            if (!word.Quoted)
            {
                return;
            }
        }

        SetQuoted(words, false);
    }

    /// <summary>Adds words as nearly all are: letters before a sign that ends a word, none of them alone beside another, and nothing in between that means anything.</summary>
    /// <param name="at">Where to begin; nothing of a word stands before it.</param>
    /// <returns>The word or sign that needs a closer look; the end of the text when none does.</returns>
    private int AddPlain(Span<char> text, int at)
    {
        var begun = -1;
        for (var seen = ~0UL << at; ; seen = ~0UL)
        {
            // A bit where a word begins, and where one has ended.
            ref readonly var part = ref _letters.PartOf(at);
            var letters = part.Letters & seen;
            var after = (letters << 1) | (begun < 0 ? 0UL : 1);
            var (begins, ends) = (letters & ~after, after & ~letters);

            // Single letters are words like others, but for those two apart from another or from what may be one, also where that is out of sight.
            var single = begins & ~((letters >> 1) | (_letters.PartOf(at + LetterMap.Bits).Letters << (LetterMap.Bits - 1)));
            var signs = part.Signs & seen;
            var apart = ((single | signs) << 2) | ((single | signs) >> 2) | ~((seen << 2) & (~0UL >> 2));
            var odd = (single & apart) | (ends & part.Joints) | signs;
            at &= -LetterMap.Bits;

            // Up to the first that is odd; a sign may stand right after a word.
            ends &= ~part.Joints & (odd ^ (odd - 1));
            if (ends != 0)
            {
                Add(text, at, ref begun, ref begins, ends);
            }

            if (odd != 0)
            {
                return begun >= 0 ? begun : at + BitOperations.TrailingZeroCount(odd | begins);
            }

            begun = begun < 0 && begins != 0 ? at + BitOperations.TrailingZeroCount(begins) : begun;
            at += LetterMap.Bits;
        }
    }

    // Words of 64 characters, each from a beginning to the next end.
    private void Add(Span<char> text, int from, ref int begun, ref ulong begins, ulong ends)
    {
        JoinApart();
        if (_words.Length - Count < LetterMap.Bits)
        {
            Array.Resize(ref _words, Count * 2);
        }

        var words = _words.AsSpan(Count);
        for (var count = 0; ; count++)
        {
            var (start, end) = (begun, from + BitOperations.TrailingZeroCount(ends));
            if (start < 0)
            {
                start = from + BitOperations.TrailingZeroCount(begins);
                begins &= begins - 1;
            }

            begun = -1;
            words[count] = (start, end - start, false);
            ends &= ends - 1;
            if (!_plain)
            {
                WordSigns.Latinise(text[start..end]);
            }

            if (ends == 0)
            {
                (Count, _lastEnd) = (Count + count + 1, end);
                _apartFrom = Count;
                return;
            }
        }
    }

    // Whatever the marks of a language look like, they come in pairs; one that is never closed quotes nothing.
    private void Mark(char c)
    {
        if (c == '\n')
        {
            _opened = -1;
        }
        else if (_opened < 0)
        {
            _opened = Count;
        }
        else
        {
            SetQuoted(_words.AsSpan(_opened..Math.Max(_opened, Count)), true);
            _opened = -1;
        }
    }

    private static void SetQuoted(Span<(int Start, int Length, bool Quoted)> words, bool quoted)
    {
        foreach (ref var word in words)
        {
            word.Quoted = quoted;
        }
    }

    /// <param name="signs">Whether there are others than letters and digits in it.</param>
    private int EndOfWord(ReadOnlySpan<char> text, int start, out bool signs)
    {
        signs = false;
        var end = start + 1;
        if (Words.Cjk(text[start]))
        {
            return end;
        }

        for (end = _letters.EndFrom(end); end < text.Length; end = _letters.EndFrom(end))
        {
            var c = text[end];
            if (c == '*' && WordSigns.MaskEnd(text, start, end) is > 0 and var after)
            {
                (end, signs) = (after, true);
                continue;
            }

            var inside = c == '$' || (c is '@' or '!' or '\'' or '#' && end + 1 < text.Length && WordSigns.IsLetter(text[end + 1]));
            if (!inside)
            {
                break;
            }

            (end, signs) = (end + 1, true);
        }

        return end;
    }

    private void JoinApart()
    {
        if (Count - _apartFrom >= 3)
        {
            Join(_apartFrom);
        }
    }

    private void Join(int from)
    {
        var start = _words[from].Start;
        for (var i = from; i < Count; i++)
        {
            _chars[start + i - from] = _chars[_words[i].Start];
        }

        _words[from] = (start, Count - from, _words[from].Quoted);
        Count = from + 1;
    }

    // Where it stands: what is changed or left out of a word makes it no longer.
    private void Add(Span<char> text, int start, int end, bool signs)
    {
        if (Count == _words.Length)
        {
            Array.Resize(ref _words, Count * 2);
        }

        var word = text[start..end];
        var length = signs ? WordSigns.WithoutApostrophes(word) : word.Length;
        if (!_plain)
        {
            WordSigns.Latinise(word[..length]);
        }

        _words[Count++] = (start, length, false);
    }
}
