using System.Buffers;
using System.Collections.Frozen;
using System.Text;

namespace Backstop.Core.Guards.Text;

/// <summary>Readers of encodings that the runtime has no reader for. Each gives null for what is not of its form.</summary>
internal static class Encodings
{
    private const string Base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int ShortestMorse = 24;

    private static readonly SearchValues<char> MorseSigns = SearchValues.Create(".- /\n");

    private static readonly FrozenDictionary<string, char> Morse = new (string Signs, char Letter)[]
    {
        (".-", 'a'), ("-...", 'b'), ("-.-.", 'c'), ("-..", 'd'), (".", 'e'), ("..-.", 'f'), ("--.", 'g'), ("....", 'h'), ("..", 'i'), (".---", 'j'),
        ("-.-", 'k'), (".-..", 'l'), ("--", 'm'), ("-.", 'n'), ("---", 'o'), (".--.", 'p'), ("--.-", 'q'), (".-.", 'r'), ("...", 's'), ("-", 't'),
        ("..-", 'u'), ("...-", 'v'), (".--", 'w'), ("-..-", 'x'), ("-.--", 'y'), ("--..", 'z'), (".-.-.-", '.'), ("--..--", ','), ("..--..", '?'),
    }.ToFrozenDictionary(pair => pair.Signs, pair => pair.Letter, StringComparer.Ordinal);

    /// <summary>RFC 4648, section 6.</summary>
    public static byte[]? Base32(ReadOnlySpan<char> run)
    {
        run = run.TrimEnd('=');
        var bytes = new byte[run.Length * 5 / 8];
        var (bits, held, at) = (0, 0, 0);
        foreach (var c in run)
        {
            var value = Base32Alphabet.IndexOf(c, StringComparison.Ordinal);
            if (value < 0)
            {
                return null;
            }

            (bits, held) = ((bits << 5) | value, held + 5);
            if (held >= 8)
            {
                held -= 8;
                bytes[at++] = (byte)(bits >> held);
                bits &= (1 << held) - 1;
            }
        }

        return bytes;
    }

    /// <summary>Adobe's form, between <c>&lt;~</c> and <c>~&gt;</c>.</summary>
    public static byte[]? Ascii85(ReadOnlySpan<char> text)
    {
        var (bytes, group, count) = (new List<byte>(text.Length), 0L, 0);
        foreach (var c in text)
        {
            if (c == 'z' && count == 0)
            {
                bytes.AddRange([0, 0, 0, 0]);
            }
            else if (c is >= '!' and <= 'u')
            {
                (group, count) = ((group * 85) + (c - '!'), count + 1);
                if (count == 5)
                {
                    Flush(4);
                }
            }
            else if (!char.IsWhiteSpace(c))
            {
                return null;
            }
        }

        var left = count - 1;
        for (; count is > 0 and < 5; count++)
        {
            group = (group * 85) + 84;
        }

        if (left > 0)
        {
            Flush(left);
        }

        return [.. bytes];

        void Flush(int wanted)
        {
            for (var i = 0; i < wanted; i++)
            {
                bytes.Add((byte)(group >> (24 - (i * 8))));
            }

            (group, count) = (0, 0);
        }
    }

#pragma warning disable RS0030 // The streams are over bytes in memory: the same everywhere and always.
    /// <summary>What gzip packed, at most <paramref name="most"/> bytes of it: a small bomb must stay small.</summary>
    public static byte[]? Gzip(byte[] packed, int most)
    {
        try
        {
            using var unpacked = new System.IO.Compression.GZipStream(new System.IO.MemoryStream(packed), System.IO.Compression.CompressionMode.Decompress);
            var bytes = new byte[most];
            return bytes[..unpacked.ReadAtLeast(bytes, most, throwOnEndOfStream: false)];
        }
        catch (System.IO.InvalidDataException)
        {
            return null;
        }
    }
#pragma warning restore RS0030

    /// <summary>The longest stretch of dots and dashes; words are parted by a slash or a wide gap.</summary>
    public static string? FromMorse(ReadOnlySpan<char> text)
    {
        var (start, length) = LongestOf(text);
        if (length < ShortestMorse)
        {
            return null;
        }

        var (plain, known, unknown) = (new StringBuilder(), 0, 0);
        var letters = Morse.GetAlternateLookup<ReadOnlySpan<char>>();
        var signs = text.Slice(start, length);
        var gap = 0;
        for (var i = 0; i < signs.Length;)
        {
            if (signs[i] is not ('.' or '-'))
            {
                gap += signs[i] == ' ' ? 1 : 2;
                i++;
                continue;
            }

            var end = i + 1;
            while (end < signs.Length && signs[end] is '.' or '-')
            {
                end++;
            }

            plain.Append(gap > 1 ? " " : "");
            gap = 0;
            if (letters.TryGetValue(signs[i..end], out var letter))
            {
                plain.Append(letter);
                known++;
            }
            else
            {
                unknown++;
            }

            i = end;
        }

        return known >= 6 && unknown * 5 <= known ? plain.ToString() : null;
    }

    private static (int Start, int Length) LongestOf(ReadOnlySpan<char> text)
    {
        var best = (Start: 0, Length: 0);
        for (var at = 0; at < text.Length;)
        {
            var skip = text[at..].IndexOfAny('.', '-');
            if (skip < 0)
            {
                break;
            }

            at += skip;
            var end = text[at..].IndexOfAnyExcept(MorseSigns);
            var length = end < 0 ? text.Length - at : end;
            best = length > best.Length ? (at, length) : best;
            at += length;
        }

        return best;
    }
}
