using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Asks that the numbers of an answer stand in what it was given: the refund of 250 that no document mentions.</summary>
/// <remarks>
/// Numbers, amounts, percentages and the parts of dates are compared by value, however they are written. Small whole numbers
/// and the numbering of a list are not counted. A number the model has computed rightly is not grounded in this sense.
/// </remarks>
public sealed class GroundedNumbersCheck : ICheck
{
    public const string Name = "grounded_numbers";
    private const double Small = 12;
    private readonly double _mostForeign;

    private GroundedNumbersCheck(double mostForeign) => _mostForeign = mostForeign;

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Whole, 0, CanFix: false, [GuardStage.Output], ["LLM09"]);

    /// <summary>Settings: <c>max_uncovered</c>, the share of numbers that may be foreign, 0 to 1 (0).</summary>
    public static GroundedNumbersCheck Create(PolicyNode with) => new(with.Number("max_uncovered", 0, 1) ?? 0);

    public ICheckSession Open(CheckContext context) => new Session(_mostForeign, context.Request);

    private sealed class Session(double mostForeign, RingContext request) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            var foreign = new List<(int Start, int Length)>();
            var text = window.Text;
            var (numbers, grounds) = (0, Grounds.Of(request));
            for (var at = 0; at < text.Length;)
            {
                var length = Grounds.NumberAt(text, at, out var number);
                if (length > 0 && Counts(text, at, length, number))
                {
                    numbers++;
                    if (!grounds.HasNumber(number))
                    {
                        foreign.Add((at, length));
                    }
                }

                at += Math.Max(length, 1);
            }

            if (foreign.Count > numbers * mostForeign)
            {
                foreach (var (start, length) in foreign)
                {
                    sink.Report(
                        "uncovered", "grounded_numbers/uncovered", HarmClass.Other, foreign.Count / (double)numbers, Severity.Medium,
                        window.Origin + start, length);
                }
            }

            return text.Length;
        }

        private static bool Counts(ReadOnlySpan<char> text, int at, int length, double number)
        {
            var end = at + length;
            var inName = at > 0 && (char.IsLetter(text[at - 1]) || text[at - 1] == '_');
            var bare = end == text.Length || text[end] != '%';
            var numbering = end < text.Length && text[end] is '.' or ')' && (at == 0 || text[at - 1] is '\n' or '(' or '[');
            var small = number <= Small && number == Math.Floor(number) && bare && (at == 0 || !IsCurrency(text[at - 1]));
            return !inName && !numbering && !small;
        }

        private static bool IsCurrency(char c) => char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.CurrencySymbol;
    }
}
