using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace Backstop.Core.Guards.Checks.Secrets;

/// <summary>How one provider writes its keys: literal pieces and stretches of one class of characters, in order.</summary>
/// <remarks>Every stretch takes all it can and nothing is ever tried twice, so a match costs no more than its length.</remarks>
internal sealed class SecretFormat
{
    /// <summary>More text is needed to tell.</summary>
    public const int Pending = -1;

    /// <summary>Most characters of a key without end that are judged at once; the rest follows in pieces.</summary>
    public const int Piece = 128;

    private readonly ImmutableArray<Segment> _segments;
    private readonly string? _checksum;

    private SecretFormat(string rule, ImmutableArray<Segment> segments, string? checksum) =>
        (Rule, _segments, _checksum) = (rule, segments, checksum);

    public string Rule { get; }

    /// <summary>Whether a key can begin with these characters.</summary>
    /// <param name="third">Null for any.</param>
    public bool CanBegin(char first, char second, char? third) => _segments[0].CanBegin(first, second, third);

    /// <summary>Whether the word that a key begins with may be as short as this, with something else behind it.</summary>
    public bool CanBeginWith(int letters) => _segments[0].Literal is not null || _segments[0].Least <= letters;

    /// <summary>What a key of this format that has no end may go on with; null for one that ends.</summary>
    public SearchValues<char>? GoesOn => _segments[^1].Open ? _segments[^1].Class : null;

    /// <summary>Reads one line of <c>secrets.formats</c>.</summary>
    public static SecretFormat Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var checksum = words[^1].StartsWith("crc=", StringComparison.Ordinal) ? words[^1][4..] : null;
        return new SecretFormat(words[0], [.. words.Skip(1).SkipLast(checksum is null ? 0 : 1).Select(Segment.Parse)], checksum);
    }

    /// <summary>The length of the key that begins at <paramref name="start"/>, 0 for none, or <see cref="Pending"/>.</summary>
    public int Match(ReadOnlySpan<char> text, int start, bool final)
    {
        var at = start;
        foreach (var segment in _segments)
        {
            var length = segment.Match(text[at..]);
            if (!final && (length == 0 ? segment.CouldGoOn(text[at..]) : at + length == text.Length))
            {
                return Pending;
            }

            if (length <= 0)
            {
                return 0;
            }

            at += length;
        }

        // The full stop of the sentence is not part of a key without end.
        at = _segments[^1].Open ? start + text[start..at].TrimEnd('.').Length : at;
        var ends = _segments[^1].Open || at == text.Length || !(char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_');
        return ends && SumHolds(text[start..at]) ? at - start : 0;
    }

    private bool SumHolds(ReadOnlySpan<char> key) => _checksum switch
    {
        "github" => Crc32.IsGitHub(key[^36..]),
        "grafana" => Crc32.IsGrafana(key),
        _ => true,
    };

    private sealed record Segment(string? Literal, SearchValues<char>? Class, int Least, int Most, bool Open)
    {
        private static readonly Dictionary<string, SearchValues<char>> Classes = new(StringComparer.Ordinal)
        {
            ["digit"] = SearchValues.Create("0123456789"),
            ["hex"] = SearchValues.Create("0123456789abcdefABCDEF"),
            ["upper"] = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
            ["base32"] = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            ["alnum"] = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            ["token"] = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
            ["base64"] = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"),
        };

        // A key without end may have parts: the points between them are its own.
        private static readonly SearchValues<char> InParts =
            SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.");

        public static Segment Parse(string word)
        {
            if (word[0] == '=')
            {
                return new Segment(word[1..], null, 0, 0, Open: false);
            }

            var star = word.IndexOf('*', StringComparison.Ordinal);
            var open = word[^1] == '+';
            var bounds = word[(star + 1)..].TrimEnd('+').Split('-').Select(bound => int.Parse(bound, CultureInfo.InvariantCulture)).ToArray();
            return new Segment(null, open ? InParts : Classes[word[..star]], bounds[0], open ? Math.Max(Piece, bounds[0]) : bounds[^1], open);
        }

        public bool CanBegin(char first, char second, char? third) => Literal is not null
            ? Literal[0] == first && Literal[1] == second && (Literal.Length == 2 || third is null || Literal[2] == third)
            : Class!.Contains(first) && (Least < 2 || Class.Contains(second)) && (Least < 3 || third is not { } c || Class.Contains(c));

        /// <summary>Characters matched, or 0.</summary>
        public int Match(ReadOnlySpan<char> text)
        {
            if (Literal is not null)
            {
                return text.StartsWith(Literal, StringComparison.Ordinal) ? Literal.Length : 0;
            }

            var run = text[..Math.Min(text.Length, Most)];
            var other = run.IndexOfAnyExcept(Class!);
            var length = other < 0 ? run.Length : other;
            return length >= Least ? length : 0;
        }

        /// <summary>Whether a text that is all there is yet could become a match.</summary>
        public bool CouldGoOn(ReadOnlySpan<char> text) =>
            Literal is null ? text.Length < Most && !text.ContainsAnyExcept(Class!) : Literal.StartsWith(text, StringComparison.Ordinal);
    }
}
