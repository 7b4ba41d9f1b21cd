using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Backstop.Core.Guards.Text;

/// <summary>Uncovers what a text hides from a reader of plain words: encoded, reversed, rotated or invisible parts.</summary>
/// <remarks>
/// Only a cue makes it work: a long run of an encoding's alphabet, or several words that are common ones written backwards or
/// rotated by thirteen letters. An ordinary text costs one pass and allocates nothing. Bounded: 32 views and 64 Ki characters
/// for one text, and a view is looked into once more but not a third time.
/// </remarks>
public static class Disguises
{
    private const int MostViews = 32;
    private const int MostChars = 1 << 16;
    private const int ShortestBlob = 20;
    private const int Cues = 2;
    private const int Bits = 64;

    private static readonly SearchValues<char> Escapes = SearchValues.Create("%&\\=");
    // What no view but that of a long run can be hidden with, as in nearly every text.
    private static readonly SearchValues<char> Harmless =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 \n\t.,;:!?'\"()[]{}/_-+*#@$|^`>");

    private static readonly SearchValues<char> Base32Signs = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=");

    /// <summary>The uncovered texts; empty for ordinary text.</summary>
    public static IReadOnlyList<string> Of(ReadOnlySpan<char> text)
    {
        List<string>? views = null;
        Add(text, ref views);
        for (int i = 0, first = views?.Count ?? 0; i < first; i++)
        {
            Add(views![i], ref views);
        }

        return views ?? (IReadOnlyList<string>)[];
    }

    private static void Add(ReadOnlySpan<char> text, ref List<string>? views)
    {
        var (rotated, backwards) = CountCues(text, ref views);
        var isPlain = !text.ContainsAnyExcept(Harmless);
        if (rotated >= Cues)
        {
            Keep(DisguisedWords.Rotate(text), ref views);
        }

        if (backwards >= Cues || (!isPlain && text.Contains('\u202e')))
        {
            Keep(DisguisedWords.Reverse(text), ref views);
        }

        if (!isPlain && text.ContainsAny(Escapes))
        {
            Keep(Unescape(text), ref views);
        }

        if (!isPlain && text.IndexOf("<~") is >= 0 and var from && text[from..].IndexOf("~>") is > 2 and var to)
        {
            Keep(Readable(Encodings.Ascii85(text[(from + 2)..(from + to)])), ref views);
        }

        if (text.Contains(". ", StringComparison.Ordinal) || text.Contains("- ", StringComparison.Ordinal))
        {
            Keep(Encodings.FromMorse(text), ref views);
        }

        if (!isPlain && (text.IndexOfAnyInRange('\ud800', '\udbff') >= 0 || text.IndexOfAnyInRange('\ufe00', '\ufe0f') >= 0))
        {
            Keep(Invisible(text), ref views);
        }
    }

    // One pass over the runs of the base64 alphabet, which contain the words as well, 64 characters at a time.
    private static (int Rotated, int Backwards) CountCues(ReadOnlySpan<char> text, ref List<string>? views)
    {
        var (rotated, backwards, start) = (0, 0, -1);
        for (var from = 0; from < text.Length; from += Bits)
        {
            var blob = BlobAt(text[from..]);
            if (~blob == 0)
            {
                start = start < 0 ? from : start;
                continue;
            }

            if (start >= 0)
            {
                var end = BitOperations.TrailingZeroCount(~blob);
                Look(text[start..(from + end)], ref rotated, ref backwards, ref views);
                blob &= ~0UL << end;
            }

            // What goes on behind the last sign that is in no run is looked at when it ends.
            var last = BitOperations.Log2(~blob);
            start = last == Bits - 1 ? -1 : from + last + 1;
            for (blob &= (1UL << last) - 1; blob != 0;)
            {
                var at = BitOperations.TrailingZeroCount(blob);
                var length = BitOperations.TrailingZeroCount(~(blob >> at));
                Look(text.Slice(from + at, length), ref rotated, ref backwards, ref views);
                blob &= blob + (1UL << at);
            }
        }

        if (start >= 0)
        {
            Look(text[start..], ref rotated, ref backwards, ref views);
        }

        return (rotated, backwards);
    }

    // A bit for each of the next 64 characters that an encoding could have.
    private static ulong BlobAt(ReadOnlySpan<char> text)
    {
        if (text.Length < Bits)
        {
            Span<char> last = stackalloc char[Bits];
            last.Clear();
            text.CopyTo(last);
            return BlobAt(last);
        }

        var bits = 0UL;
        for (var i = 0; i < Bits; i += AsciiBlock.Length)
        {
            bits |= (ulong)AsciiBlock.Encoded(text[i..]) << i;
        }

        return bits;
    }

    private static void Look(ReadOnlySpan<char> run, ref int rotated, ref int backwards, ref List<string>? views)
    {
        if (run.Length >= ShortestBlob)
        {
            Keep(Decode(run), ref views);
        }
        else if (run.Length >= DisguisedWords.Shortest && DisguisedWords.MayBe(run))
        {
            rotated += DisguisedWords.IsRotated(run) ? 1 : 0;
            backwards += DisguisedWords.IsBackwards(run) ? 1 : 0;
        }
    }

    private static void Keep(string? view, ref List<string>? views)
    {
        if (view is { Length: > 0 } && (views is null || (views.Count < MostViews && views.Sum(other => other.Length) + view.Length <= MostChars)))
        {
            (views ??= []).Add(view);
        }
    }

    private static string? Decode(ReadOnlySpan<char> run)
    {
        run = run[..Math.Min(run.Length, MostChars)];
        var bytes = new byte[run.Length];
        if (run.Length % 2 == 0 && Convert.FromHexString(run, bytes, out _, out var hex) == OperationStatus.Done)
        {
            return Readable(bytes.AsSpan(0, hex));
        }

        if (!run.ContainsAnyExcept(Base32Signs) && Readable(Encodings.Base32(run)) is { } thirtyTwo)
        {
            return thirtyTwo;
        }

        var padded = new char[(run.Length + 3) / 4 * 4];
        padded.AsSpan().Fill('=');
        var body = run.TrimEnd('=');
        for (var i = 0; i < body.Length; i++)
        {
            padded[i] = body[i] switch { '-' => '+', '_' => '/', var c => c };
        }

        return Convert.TryFromBase64Chars(padded.AsSpan(0, (body.Length + 3) / 4 * 4), bytes, out var length)
            ? Readable(run.StartsWith("H4sI", StringComparison.Ordinal) ? Encodings.Gzip(bytes[..length], MostChars) : bytes.AsSpan(0, length))
            : null;
    }

    /// <summary>The text that bytes stand for, or null when they are not text.</summary>
    private static string? Readable(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        var plain = text.Count(c => char.IsLetter(c) || c is ' ' or '\n' or '.' or ',');
        return plain >= 0.8 * text.Length && text.Length >= 6 && !text.Contains('\ufffd') ? text : null;
    }

    /// <summary>Percent signs, numeric entities, backslash escapes and quoted-printable, of at least three characters, made plain.</summary>
    private static string? Unescape(ReadOnlySpan<char> text)
    {
        if (CountEscapes(text) < 3)
        {
            return null;
        }

        var plain = new StringBuilder(text.Length);
        var bytes = new List<byte>();
        var found = 0;
        for (var i = 0; i < text.Length;)
        {
            var length = Escape(text[i..], out var code, out var isByte);
            if (length > 0 && isByte)
            {
                bytes.Add((byte)code);
                (i, found) = (i + length, found + 1);
                continue;
            }

            Flush(bytes, plain);
            if (length > 0)
            {
                plain.Append(char.ConvertFromUtf32(code));
                (i, found) = (i + length, found + 1);
            }
            else
            {
                plain.Append(text[i++]);
            }
        }

        Flush(bytes, plain);
        return found >= 3 ? plain.ToString() : null;
    }

    // Most texts with such a sign have no escape, and get no view.
    private static int CountEscapes(ReadOnlySpan<char> text)
    {
        var found = 0;
        for (var at = 0; found < 3 && text[at..].IndexOfAny(Escapes) is >= 0 and var next; at += next + 1)
        {
            found += Escape(text[(at + next)..], out _, out _) > 0 ? 1 : 0;
        }

        return found;
    }

    private static void Flush(List<byte> bytes, StringBuilder plain)
    {
        if (bytes.Count > 0)
        {
            plain.Append(Encoding.UTF8.GetString([.. bytes]));
            bytes.Clear();
        }
    }

    private static int Escape(ReadOnlySpan<char> text, out int code, out bool isByte)
    {
        (code, isByte) = (0, false);
        if (text.Length >= 3 && text[0] == '%' && Hex(text.Slice(1, 2), out code))
        {
            isByte = true;
            return 3;
        }

        if (text.Length >= 3 && text[0] == '=' && Hex(text.Slice(1, 2), out code))
        {
            isByte = true;
            return 3;
        }

        if (text.Length >= 4 && text[0] == '\\' && text[1] == 'x' && Hex(text.Slice(2, 2), out code))
        {
            isByte = true;
            return 4;
        }

        if (text.Length >= 6 && text[0] == '\\' && text[1] == 'u' && Hex(text.Slice(2, 4), out code))
        {
            return char.IsSurrogate((char)code) ? 0 : 6;
        }

        if (text.Length < 4 || text[0] != '&' || text[1] != '#')
        {
            return 0;
        }

        var end = text[..Math.Min(text.Length, 10)].IndexOf(';');
        var known = end > 2 && (text[2] is 'x' or 'X'
            ? Hex(text[3..end], out code)
            : int.TryParse(text[2..end], NumberStyles.None, CultureInfo.InvariantCulture, out code));
        return known && Rune.IsValid(code) ? end + 1 : 0;
    }

    private static bool Hex(ReadOnlySpan<char> digits, out int code) =>
        int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);

    /// <summary>Text in tag characters, and bytes in variation selectors: no reader sees either.</summary>
    private static string? Invisible(ReadOnlySpan<char> text)
    {
        var tags = new StringBuilder();
        var bytes = new List<byte>();
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case >= 0xe0020 and <= 0xe007e:
                    tags.Append((char)(rune.Value - 0xe0000));
                    break;
                case >= 0xfe00 and <= 0xfe0f:
                    bytes.Add((byte)(rune.Value - 0xfe00));
                    break;
                case >= 0xe0100 and <= 0xe01ef:
                    bytes.Add((byte)(rune.Value - 0xe0100 + 16));
                    break;
            }
        }

        var selected = bytes.Count >= 6 ? Readable([.. bytes]) : null;
        return tags.Length >= 6 ? tags.ToString() : selected;
    }
}
