using System.Collections.Frozen;
using Backstop.Core.Guards.Checks.Pii;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds personal data by its form and check digits, and proposes its type in brackets instead.</summary>
/// <remarks>
/// Hand-written recognisers that read forward from the start of a word, each bounded, so any text takes linear time and a
/// stream waits only for words and numbers that are not finished. Figures are in docs/checks/pii.md.
/// </remarks>
public sealed class PiiCheck : ICheck
{
    public const string Name = "pii";
    private const int MaxHold = 256;
    private readonly FrozenSet<string> _types;
    private readonly Redactor _redactor;

    private bool Skims { get; init; }

    private PiiCheck(IEnumerable<string> types, Redactor redactor) => (_types, _redactor) = (types.ToFrozenSet(StringComparer.Ordinal), redactor);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: true, [.. Enum.GetValues<GuardStage>()], ["LLM02"])
    {
        IsOfTextAlone = true,
    };

    /// <summary>Settings: <c>types</c>, the types to look for; all but <c>DATE_OF_BIRTH</c> by default; <c>fix</c>: <c>redact</c>, <c>mask</c> or <c>token</c>.</summary>
    public static PiiCheck Create(PolicyNode with) => Create(with, skims: true);

    /// <param name="skims">Whether words that cannot be anything are passed over, which changes nothing but the time.</param>
    internal static PiiCheck Create(PolicyNode with, bool skims)
    {
        var types = with.Texts("types") ?? [.. PiiTypes.Default];
        foreach (var type in types)
        {
            if (!PiiTypes.All.Contains(type))
            {
                throw PolicyNode.Unknown(with.Path + ".types", type, PiiTypes.All);
            }
        }

        return new PiiCheck(types, Redactors.Read(with)) { Skims = skims };
    }

    public ICheckSession Open(CheckContext context) => new Session(this, context.Request);

    private sealed class Session(PiiCheck check, RingContext request) : ICheckSession
    {
        private int _localEnd;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var local = new LocalPart(_localEnd - window.Origin);
            var decided = Scan(window, ref local, sink);
            _localEnd = window.Origin + local.End;
            return decided;
        }

        private int Scan(in ScanWindow window, ref LocalPart local, FindingSink sink)
        {
            var text = window.Text;
            var at = window.From;
            while (at < text.Length)
            {
                if (!CanStart(text, at))
                {
                    at++;
                    continue;
                }

                if (check.Skims && char.IsAsciiLetter(text[at]) && PlainWords.Skip(text, at) is var closer && closer > at)
                {
                    at = closer;
                    continue;
                }

                if (check.Skims && !window.Final && PlainWords.IsOpen(text, at))
                {
                    return at;
                }

                var match = Recognise(text, at, window.Final, ref local);
                if (match.IsPending)
                {
                    return at;
                }

                if (match.Found && check._types.Contains(match.Type))
                {
                    Report(window, at, match, sink);
                }

                at += Math.Max(match.Length, 1);
            }

            return at;
        }

        private static bool CanStart(ReadOnlySpan<char> text, int at)
        {
            var c = text[at];
            if (!char.IsLetterOrDigit(c))
            {
                return c is '+' or '(' or '_' && (at == 0 || !char.IsLetterOrDigit(text[at - 1]));
            }

            return at == 0 || !(char.IsLetterOrDigit(text[at - 1]) || text[at - 1] is '_' or '@');
        }

        private static PiiMatch Recognise(ReadOnlySpan<char> text, int at, bool final, ref LocalPart local)
        {
            var c = text[at];
            var match = PiiMatch.None;
            if (DigitRun.ValueOf(c) >= 0 || c is '+' or '(')
            {
                // Digits after a point or hyphen belong to what stands before it.
                var inside = at > 1 && text[at - 1] is '-' or '.' && char.IsLetterOrDigit(text[at - 2]);
                match = inside ? PiiMatch.None : NumberRecogniser.Match(text, at, final);
            }

            if (match.Length == 0 && char.IsAsciiHexDigit(c))
            {
                match = Ipv6Address.Match(text, at, final);
                match = match.Length == 0 ? HardwareAddress.Match(text, at, final) : match;
            }

            if (match.Length == 0 && char.IsAsciiLetterOrDigit(c))
            {
                match = char.IsAsciiLetter(c) ? Iban.Match(text, at, final) : match;
                match = match.Length == 0 ? CryptoAddress.Match(text, at, final) : match;
                match = match.Length == 0 ? CodeToken.Match(text, at, final) : match;
            }

            return match.Length == 0 && c is not ('(' or '+') ? EmailAddress.Match(text, at, final, ref local) : match;
        }

        private void Report(in ScanWindow window, int at, PiiMatch match, FindingSink sink)
        {
            var start = window.Origin + at;
            var type = match.Type.ToLowerInvariant();
            sink.Report(type, "pii/" + type, HarmClass.Pii, 1, Severity.High, start, match.Length);
            var placeholder = check._redactor.Replace(match.Type, window.Text.Slice(at, match.Length), request);
            sink.Propose(start, match.Length, IsBareJsonNumber(window.Text, at) ? $"\"{placeholder}\"" : placeholder, strictness: 1);
        }

        // {"card": 4111...}: a placeholder without quotation marks would break the document.
        private static bool IsBareJsonNumber(ReadOnlySpan<char> text, int at)
        {
            // No further back than a stream remembers.
            var before = text[Math.Max(0, at - ScanWindow.Lookback)..at].TrimEnd(' ');
            return before.EndsWith("\":", StringComparison.Ordinal) && before.Length > 2 && before[^3] != '\\';
        }
    }
}
