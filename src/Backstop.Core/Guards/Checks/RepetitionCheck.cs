using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds an answer that goes in circles: the same words, the same line or the same character again and again.</summary>
/// <remarks>
/// A circle of p words is there when p words follow that each equal the one p words earlier, often enough. Circles of up to 64
/// words are looked for at once by one counter each, so a word costs 64 comparisons and no memory is taken. What is held back
/// is the word that is not finished.
/// </remarks>
public sealed class RepetitionCheck : ICheck
{
    public const string Name = "repetition";
    private const int LongestCircle = 64;
    private const int LongestWord = 64;
    private const int SameCharacter = 100;

    private readonly int _times;
    private readonly int _minWords;

    private RepetitionCheck(int times, int minWords) => (_times, _minWords) = (times, minWords);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, LongestWord, CanFix: false, [GuardStage.Output, GuardStage.Reasoning], ["LLM10"]);

    /// <summary>Settings: <c>times</c> a circle must be run through (4), <c>min_words</c> it must fill in all (24).</summary>
    public static RepetitionCheck Create(PolicyNode with) => new(with.Integer("times", 2, 1000) ?? 4, with.Integer("min_words", 4, 10_000) ?? 24);

    public ICheckSession Open(CheckContext context) => new Session(this);

    private sealed class Session(RepetitionCheck check) : ICheckSession
    {
        private readonly ulong[] _words = new ulong[LongestCircle];
        private readonly int[] _equal = new int[LongestCircle + 1];
        private int _count;
        private int _same;
        private char _last;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var at = window.From;
            while (at < text.Length)
            {
                if (!char.IsLetterOrDigit(text[at]))
                {
                    CountCharacter(text[at], window.Origin + at, sink);
                    at++;
                    continue;
                }

                var end = at;
                while (end < text.Length && end - at < LongestWord && char.IsLetterOrDigit(text[end]))
                {
                    end++;
                }

                if (end == text.Length && !window.Final && end - at < LongestWord)
                {
                    return at;
                }

                foreach (var c in text[at..end])
                {
                    CountCharacter(c, window.Origin + at, sink);
                }

                if (CloseCircle(WordHash.Of(text[at..end])))
                {
                    Report("circle", window.Origin + at, end - at, sink);
                }

                at = end;
            }

            return at;
        }

        private bool CloseCircle(ulong word)
        {
            var closed = false;
            var words = _words;
            for (var circle = 1; circle <= LongestCircle && circle <= _count; circle++)
            {
                if (words[(_count - circle) % LongestCircle] != word)
                {
                    _equal[circle] = 0;
                }
                else if (++_equal[circle] + circle >= Math.Max(circle * check._times, check._minWords))
                {
                    closed = true;
                    Array.Clear(_equal); // One finding for each time it is as long again.
                    break;
                }
            }

            words[_count++ % LongestCircle] = word;
            return closed;
        }

        // Rulers and indentation are made of one sign and mean no harm.
        private void CountCharacter(char c, int position, FindingSink sink)
        {
            _same = c == _last ? _same + 1 : 0;
            _last = c;
            if (_same == SameCharacter && !char.IsWhiteSpace(c) && c is not ('-' or '=' or '_' or '*' or '.' or '#' or '~' or '/'))
            {
                Report("character", position, 1, sink);
            }
        }

        private static void Report(string rule, int start, int length, FindingSink sink) =>
            sink.Report(rule, "repetition/" + rule, HarmClass.Other, 1, Severity.Medium, start, length);
    }
}
