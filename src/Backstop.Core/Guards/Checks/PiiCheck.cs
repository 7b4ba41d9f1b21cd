namespace Backstop.Core.Guards.Checks;

/// <summary>Finds personal data and proposes to replace it by its type.</summary>
public sealed class PiiCheck : ICheck
{
    public const string Name = "pii";
    private const int MaxHold = 256;

    private PiiCheck()
    {
    }

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: true, [.. Enum.GetValues<GuardStage>()], ["LLM02"]);

    public static PiiCheck Create(PolicyNode with) => new();

    public ICheckSession Open(CheckContext context) => new Session();

    private sealed class Session : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var from = window.From;
            while (from < text.Length)
            {
                var start = from;
                while (start < text.Length && !Token(text[start]))
                {
                    start++;
                }

                var end = start;
                while (end < text.Length && end - start < MaxHold && Token(text[end]))
                {
                    end++;
                }

                if (end == text.Length && !window.Final && end - start < MaxHold)
                {
                    return start;
                }

                Look(text[start..end], window.Origin + start, sink);
                from = end;
            }

            return from;
        }

        private static bool Token(char c) => char.IsAsciiLetterOrDigit(c) || c is '@' or '.' or '-' or '_' or '+';

        private static void Look(ReadOnlySpan<char> token, int start, FindingSink sink)
        {
            var at = token.IndexOf('@');
            if (at > 0 && token[at..].Contains('.'))
            {
                sink.Report("email", "pii/email_address", HarmClass.Pii, 1, Severity.Medium, start, token.Length);
                sink.Propose(start, token.Length, "[EMAIL_ADDRESS]");
            }
            else if (token.Length is >= 13 and <= 19 && token.IndexOfAnyExceptInRange('0', '9') < 0 && Luhn(token))
            {
                sink.Report("card", "pii/credit_card", HarmClass.Pii, 1, Severity.High, start, token.Length);
                sink.Propose(start, token.Length, "[CREDIT_CARD]");
            }
        }

        private static bool Luhn(ReadOnlySpan<char> digits)
        {
            var sum = 0;
            for (var i = 0; i < digits.Length; i++)
            {
                var digit = digits[^(i + 1)] - '0';
                digit = i % 2 == 0 ? digit : digit * 2;
                sum += digit > 9 ? digit - 9 : digit;
            }

            return sum % 10 == 0;
        }
    }
}
