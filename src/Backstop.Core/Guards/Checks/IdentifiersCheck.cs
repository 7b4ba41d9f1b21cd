using System.Text.RegularExpressions;
using Backstop.Core.Guards.Checks.Patterns;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds identifiers in an answer that its own request never mentioned: the order number of another customer.</summary>
/// <remarks>
/// A model may repeat what its messages, documents and tools told it. An identifier that none of them holds was made up or
/// belongs to somebody else. Where nothing was said, every identifier is foreign. Figures are in docs/checks/identifiers.md.
/// </remarks>
public sealed class IdentifiersCheck : ICheck
{
    public const string Name = "identifiers";
    private const int MaxHold = 128;
    private const int FewestDigits = 4;
    private const int ShortestToken = 6;

    private readonly Regex[] _allowed;
    private readonly Regex[] _formats;

    private IdentifiersCheck(Regex[] allowed, Regex[] formats) => (_allowed, _formats) = (allowed, formats);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: true, [GuardStage.ToolArguments, GuardStage.Output, GuardStage.Reasoning], ["LLM02", "LLM08"]);

    /// <summary>
    /// Settings: <c>formats</c>, regular expressions of which an identifier must match one (any with letters and digits
    /// otherwise), and <c>allowed</c>, expressions of identifiers that may always be named.
    /// </summary>
    public static IdentifiersCheck Create(PolicyNode with) => new(
        UserPattern.CompileAll(with, "allowed", whole: true), UserPattern.CompileAll(with, "formats", whole: true));

    public ICheckSession Open(CheckContext context) => new Session(this, Grounds.Of(context.Request));

    private bool IsIdentifier(ReadOnlySpan<char> token)
    {
        if (Matches(_allowed, token))
        {
            return false;
        }

        return _formats.Length > 0 ? Matches(_formats, token) : LooksLike(token);
    }

    private static bool Matches(Regex[] patterns, ReadOnlySpan<char> token)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.IsMatch(token))
            {
                return true;
            }
        }

        return false;
    }

    // Digits and letters together, or an address, or many digits: not a year, a date, a time, a price or a version.
    private static bool LooksLike(ReadOnlySpan<char> token)
    {
        var (digits, letters, joints) = (0, 0, 0);
        foreach (var c in token)
        {
            digits += char.IsDigit(c) ? 1 : 0;
            letters += char.IsLetter(c) ? 1 : 0;
            joints += c is '.' or '/' or ':' ? 1 : 0;
        }

        if (token.Length < ShortestToken)
        {
            return false;
        }

        if (token.Contains('@'))
        {
            return letters > 2;
        }

        return joints == 0 && digits >= FewestDigits && (letters > 0 ? char.IsUpper(token[0]) || letters + digits >= 8 : digits >= ShortestToken && !IsDate(token));
    }

    private static bool IsDate(ReadOnlySpan<char> token) => token.Contains('-') && token.Length <= 10;

    private sealed class Session(IdentifiersCheck check, Grounds grounds) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var at = window.From;
            while (Grounds.NextToken(window.Text, ref at, window.Final) is var length && length != 0)
            {
                if (length < 0)
                {
                    return at;
                }

                var token = window.Text.Slice(at, length);
                if (check.IsIdentifier(token) && !grounds.HasToken(token))
                {
                    sink.Report("foreign", "identifiers/foreign", HarmClass.Pii, 1, Severity.High, window.Origin + at, length);
                    sink.Propose(window.Origin + at, length, "[IDENTIFIER]");
                }

                at += length;
            }

            return at;
        }
    }
}
