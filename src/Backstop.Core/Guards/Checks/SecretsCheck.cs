using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Backstop.Core.Guards.Checks.Secrets;
using Backstop.Core.Guards.Text;
using Backstop.Core.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds keys, tokens and passwords: by the form their providers give them, by the word before them, and private keys.</summary>
/// <remarks>Reads forward from the start of each word, never twice, at most 240 characters. Figures are in docs/checks/secrets.md.</remarks>
public sealed class SecretsCheck : ICheck
{
    public const string Name = "secrets";
    private const int MaxHold = 256;
    private const int BeginningBits = 15;

    /// <summary>Most letters of a word that a provider's key begins with only as some of them do.</summary>
    internal const int ShortWord = 11;
    private const string PrivateKey = "-----BEGIN ";

    private static readonly ImmutableArray<SecretFormat> Formats =
    [
        .. EmbeddedText.Read("secrets.formats").Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(SecretFormat.Parse),
    ];

    // By the first two characters, so that most words of a text are compared with no format or one.
    private static readonly SecretFormat[][] ByBeginning =
        [.. Enumerable.Range(0, 128 * 128).Select(pair => Formats.Where(format => format.CanBegin((char)(pair / 128), (char)(pair % 128), null)).ToArray())];

    // By the first three of those that begin with a letter, as bits of a hash: few words begin like a key, and what tells stays in the
    // processor's cache. But for the formats that any long enough word begins like.
    private static readonly ulong[] Beginnings =
        BitsOf(Array.ConvertAll(ByBeginning, formats => formats.Where(format => format.CanBeginWith(ShortWord)).ToArray()));

    // Also with its line ends written as escapes.
    private static readonly SearchValues<char> KeyLine =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\n\r\\");

    /// <summary>The rules it knows, one for each kind of key.</summary>
    public static IReadOnlyCollection<string> Rules { get; } =
        [.. Formats.Select(format => format.Rule).Distinct().Append("private_key").Append("assigned").Append("url_password")];

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: true, [.. Enum.GetValues<GuardStage>()], ["LLM02"])
    {
        IsOfTextAlone = true,
    };

    private readonly Redactor _redactor;

    private SecretsCheck(Redactor redactor) => _redactor = redactor;

    /// <summary>Setting: <c>fix</c>: <c>redact</c> (default), <c>mask</c> or <c>token</c>.</summary>
    public static SecretsCheck Create(PolicyNode with) => Create(with, skims: true);

    /// <param name="skims">Whether words that cannot be anything are passed over, which changes nothing but the time.</param>
    internal static SecretsCheck Create(PolicyNode with, bool skims) => new(Redactors.Read(with)) { Skims = skims };

    private bool Skims { get; init; }

    public ICheckSession Open(CheckContext context) => new Session(this, context.Request);

    /// <summary>Whether a provider's key begins here, or could if more text came.</summary>
    internal static bool BeginsAt(ReadOnlySpan<char> text, int at)
    {
        foreach (var format in FormatsAt(text, at))
        {
            if (format.Match(text, at, final: false) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a provider's key may begin with the word that begins here, by its first three characters; false for nearly every word.</summary>
    /// <param name="at">Where a word of at most <see cref="ShortWord"/> letters begins, and not at the end.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool MayBeginAt(ReadOnlySpan<char> text, int at) => text[at + 2] < 128 && IsIn(Beginnings, text[at], text[at + 1], text[at + 2]);

    private static SecretFormat[] FormatsAt(ReadOnlySpan<char> text, int at) =>
        text[at] < 128 && text[at + 1] < 128
        && (!char.IsAsciiLetter(text[at]) || at + 2 == text.Length || IsIn(Beginnings, text[at], text[at + 1], text[at + 2]) || IsLong(text, at))
            ? ByBeginning[(text[at] * 128) + text[at + 1]]
            : [];

    // Whether more follows than a short word, or that cannot be told.
    private static bool IsLong(ReadOnlySpan<char> text, int at) =>
        text.Length - at < AsciiBlock.Length || (~AsciiBlock.Encoded(text[at..]) & ((1u << (ShortWord + 1)) - 1)) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsIn(ulong[] bits, char first, char second, char third)
    {
        var bit = BitOf(first, second, third);
        return (bits[bit / 64] >> (bit % 64) & 1) != 0;
    }

    private static int BitOf(int first, int second, int third) => ((((first * 128) + second) * 37) + third) & ((1 << BeginningBits) - 1);

    private static ulong[] BitsOf(SecretFormat[][] formats)
    {
        var bits = new ulong[(1 << BeginningBits) / 64];
        for (var pair = 0; pair < formats.Length; pair++)
        {
            var (first, second) = (pair / 128, pair % 128);
            for (var third = 0; third < 128 && char.IsAsciiLetter((char)first) && formats[pair].Length > 0; third++)
            {
                if (formats[pair].Any(format => format.CanBegin((char)first, (char)second, (char)third)))
                {
                    var bit = BitOf(first, second, third);
                    bits[bit / 64] |= 1UL << (bit % 64);
                }
            }
        }

        return bits;
    }

    private sealed class Session(SecretsCheck check, RingContext request) : ICheckSession
    {
        // What a key that was found may still go on with, and its rule.
        private SearchValues<char>? _goesOn;
        private string _rule = "";
        private bool _inPrivateKey;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var at = window.From;
            while (at < text.Length)
            {
                var next = _inPrivateKey ? GoOnPrivateKey(window, at, sink)
                    : _goesOn is null ? Look(window, at, sink)
                    : GoOn(window, at, sink);
                if (next == at)
                {
                    return at;
                }

                at = next;
            }

            return at;
        }

        /// <summary>Where to look next; the same place when more text is needed.</summary>
        private int Look(in ScanWindow window, int at, FindingSink sink)
        {
            var text = window.Text;
            var c = text[at];
            if (c == '-' && (at == 0 || text[at - 1] != '-'))
            {
                return LookForPrivateKey(window, at, sink);
            }

            if (!char.IsLetterOrDigit(c) || (at > 0 && (char.IsLetterOrDigit(text[at - 1]) || text[at - 1] == '_')))
            {
                return at + 1;
            }

            if (at + 1 == text.Length)
            {
                return window.Final ? at + 1 : at;
            }

            if (check.Skims && char.IsAsciiLetter(c) && PlainWords.Skip(text, at) is var closer && closer > at)
            {
                return closer;
            }

            if (check.Skims && !window.Final && PlainWords.IsOpen(text, at))
            {
                return at;
            }

            foreach (var format in FormatsAt(text, at))
            {
                var length = format.Match(text, at, window.Final);
                if (length == SecretFormat.Pending)
                {
                    return at;
                }

                if (length > 0)
                {
                    (_goesOn, _rule) = (format.GoesOn, format.Rule);
                    Report(window, format.Rule, at, length, sink);
                    return at + length;
                }
            }

            return char.IsLetter(c) ? LookForAssigned(window, at, sink) : at + 1;
        }

        private int LookForAssigned(in ScanWindow window, int at, FindingSink sink)
        {
            var found = KeywordSecret.Match(window.Text, at, window.Final);
            var rule = "assigned";
            if (found.Length == 0)
            {
                (found, rule) = (UrlPassword.Match(window.Text, at, window.Final), "url_password");
            }

            if (found.Length < 0)
            {
                return at;
            }

            if (found.Length == 0)
            {
                return at + 1;
            }

            // A key with a form of its own has the better name.
            foreach (var format in FormatsAt(window.Text, found.Start))
            {
                var length = format.Match(window.Text, found.Start, window.Final);
                if (length != 0)
                {
                    return length == SecretFormat.Pending ? at : found.Start;
                }
            }

            Report(window, rule, found.Start, found.Length, sink);
            return found.Start + found.Length;
        }

        private int LookForPrivateKey(in ScanWindow window, int at, FindingSink sink)
        {
            var rest = window.Text[at..];
            if (!rest.StartsWith(PrivateKey, StringComparison.Ordinal))
            {
                return PrivateKey.AsSpan().StartsWith(rest, StringComparison.Ordinal) && !window.Final ? at : at + 1;
            }

            var line = rest[..Math.Min(rest.Length, 64)];
            var end = line[PrivateKey.Length..].IndexOf("-----", StringComparison.Ordinal);
            if (end < 0)
            {
                return rest.Length < 64 && !window.Final ? at : at + 1;
            }

            var length = PrivateKey.Length + end + "-----".Length;
            if (!line[..length].Contains("PRIVATE KEY", StringComparison.Ordinal))
            {
                return at + length;
            }

            _inPrivateKey = true;
            Report(window, "private_key", at, length, sink);
            return at + length;
        }

        // In pieces of one size, so that a stream reports the same ones.
        private int GoOn(in ScanWindow window, int at, FindingSink sink)
        {
            var rest = window.Text[at..];
            var piece = rest[..Math.Min(rest.Length, SecretFormat.Piece)];
            var other = piece.IndexOfAnyExcept(_goesOn!);
            if (other < 0 && piece.Length < SecretFormat.Piece && !window.Final)
            {
                return at;
            }

            var length = other < 0 ? piece.Length : other;
            var last = length < SecretFormat.Piece;
            if (last)
            {
                _goesOn = null;
                length = piece[..length].TrimEnd("., \n\r").Length;
            }

            if (length > 0)
            {
                Report(window, _rule, at, length, sink, placeholder: "");
            }

            // A piece of no length moves on: nothing of the key is left.
            return length > 0 ? at + length : Look(window, at, sink);
        }

        private int GoOnPrivateKey(in ScanWindow window, int at, FindingSink sink)
        {
            var rest = window.Text[at..];
            var line = rest[..Math.Min(rest.Length, SecretFormat.Piece)];
            var end = line.IndexOf('\n');
            if (end < 0 && line.Length < SecretFormat.Piece && !window.Final)
            {
                return at;
            }

            line = end < 0 ? line : line[..(end + 1)];
            var other = line.IndexOfAnyExcept(KeyLine);
            if (other >= 0 && line.Contains(": ", StringComparison.Ordinal))
            {
                return at + line.Length; // A header inside the key.
            }

            _inPrivateKey = other < 0;
            var key = other < 0 ? line.TrimEnd() : line[..other];
            if (key.Length > 0)
            {
                Report(window, "private_key", at, key.Length, sink, placeholder: "");
            }

            return other < 0 ? at + line.Length : other > 0 ? at + other : Look(window, at, sink);
        }

        private void Report(in ScanWindow window, string rule, int at, int length, FindingSink sink, string? placeholder = null)
        {
            var start = window.Origin + at;
            sink.Report(rule, "secret/" + rule, HarmClass.Pii, 1, Severity.High, start, length);
            sink.Propose(start, length, placeholder ?? check._redactor.Replace(rule.ToUpperInvariant(), window.Text.Slice(at, length), request), strictness: 2);
        }
    }
}
