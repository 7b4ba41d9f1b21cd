namespace Backstop.Core.Guards.Checks;

/// <summary>Asks that a text is neither empty nor shorter or longer than it should be.</summary>
public sealed class LengthCheck : ICheck
{
    public const string Name = "length";
    private readonly int _min;
    private readonly int _max;
    private readonly int _minWords;
    private readonly int _maxWords;
    private readonly bool _countsWords;

    private LengthCheck(int min, int max, int minWords, int maxWords) =>
        (_min, _max, _minWords, _maxWords, _countsWords) = (min, max, minWords, maxWords, minWords > 0 || maxWords < int.MaxValue);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Whole, 0, CanFix: false, [.. Enum.GetValues<GuardStage>()], ["LLM10"]);

    /// <summary>Settings: <c>min_chars</c> (1), <c>max_chars</c>, <c>min_words</c>, <c>max_words</c>. Space around the text does not count.</summary>
    public static LengthCheck Create(PolicyNode with)
    {
        var check = new LengthCheck(
            with.Integer("min_chars", 0, int.MaxValue) ?? 1,
            with.Integer("max_chars", 1, int.MaxValue) ?? int.MaxValue,
            with.Integer("min_words", 0, int.MaxValue) ?? 0,
            with.Integer("max_words", 1, int.MaxValue) ?? int.MaxValue);
        return check._min <= check._max && check._minWords <= check._maxWords
            ? check
            : throw GuardPolicyException.At(with.Path, "asks for a text that is longer than it may be.");
    }

    public ICheckSession Open(CheckContext context) => new Session(this);

    private sealed class Session(LengthCheck check) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            var text = window.Text.Trim();
            var words = check._countsWords ? CountWords(text) : 0;
            var rule = text.Length == 0 && check._min > 0 ? "empty"
                : text.Length < check._min || words < check._minWords ? "too_short"
                : text.Length > check._max || words > check._maxWords ? "too_long"
                : null;
            if (rule is not null)
            {
                sink.Report(rule, "length/" + rule, HarmClass.Other, 1, Severity.Low, window.Origin, window.Text.Length);
            }

            return window.Text.Length;
        }

        private static int CountWords(ReadOnlySpan<char> text)
        {
            var (words, inside) = (0, false);
            foreach (var c in text)
            {
                var letter = !char.IsWhiteSpace(c);
                words += letter && !inside ? 1 : 0;
                inside = letter;
            }

            return words;
        }
    }
}
