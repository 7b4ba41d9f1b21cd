using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds what a reader does not see and a model does: invisible characters, turned directions, letters of another script.</summary>
/// <remarks>
/// One pass over the characters with a few counters. Characters that have honest uses (joiners in Persian and in emoji, soft
/// hyphens, one variation selector, the flags of England, Scotland and Wales) count only where those uses are ruled out.
/// Fixing takes the invisible ones out and writes look-alike letters plainly. Figures are in docs/checks/hidden_text.md.
/// </remarks>
public sealed class HiddenTextCheck : ICheck
{
    public const string Name = "hidden_text";
    private const int MaxHold = 96;

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: true, [.. Enum.GetValues<GuardStage>()], ["LLM01"])
    {
        IsOfTextAlone = true,
    };

    public static HiddenTextCheck Create() => new();

    public ICheckSession Open(CheckContext context) => new Session();

    private sealed class Session : ICheckSession
    {
        private const int MostMarks = 4;
        private const int MostWord = 48;

        // So many invisible characters inside words within so many characters are no accident.
        private const int FewInWords = 3;
        private const int Near = 256;

        private int _lastInWords = -Near;
        private int _lastButOne = -Near;
        private InvisibleKind _before;
        private bool _inRun;
        private int _marks;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var at = window.From;
            while (at < text.Length)
            {
                var next = at + text[at..].IndexOfAnyExceptInRange(' ', '~');
                if (next < at)
                {
                    next = text.Length; // Only plain characters are left.
                }

                if (next > at)
                {
                    (_inRun, _before, _marks) = (false, InvisibleKind.None, 0);
                    at = PlainUpTo(window, at, next);
                    if (at < next || at == text.Length)
                    {
                        return at;
                    }
                }

                next = Look(window, at, sink);
                if (next <= at)
                {
                    return next;
                }

                at = next;
            }

            return at;
        }

        // A word that is not finished may still mix scripts; all before it is decided.
        private static int PlainUpTo(in ScanWindow window, int from, int to)
        {
            if (to < window.Text.Length || window.Final)
            {
                return to;
            }

            var word = window.Text[from..to].LastIndexOfAnyExcept(WordEnds.Letters) + 1;
            return to - from - word > MostWord ? to : from + word;
        }

        private int Look(in ScanWindow window, int at, FindingSink sink)
        {
            var text = window.Text;
            var length = char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
            var rune = length == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
            var kind = Invisible.KindOf(rune);
            if (kind == InvisibleKind.None)
            {
                (_inRun, _before) = (false, kind);
                return char.IsLetter(text[at]) ? LookAtWord(window, at, sink) : LookAtMark(window, at, length, sink);
            }

            // Its neighbour on the right tells whether it stands inside a word, or begins a run.
            if (at + length + 1 >= text.Length && !window.Final)
            {
                return at;
            }

            if (kind == InvisibleKind.Tag && FlagAt(text, at, window.Final) is var flag && flag != 0)
            {
                return flag < 0 ? at : at + flag;
            }

            var after = at + length < text.Length ? KindAt(text[(at + length)..]) : InvisibleKind.None;
            var rule = kind switch
            {
                InvisibleKind.Tag => "tag_characters",
                InvisibleKind.Direction => "direction_override",
                InvisibleKind.Control => "control_character",
                InvisibleKind.Selector when after == kind || _before == kind => "variation_selectors",
                _ when _inRun && after is not (InvisibleKind.None or InvisibleKind.Control) => "invisible_run",
                _ when InsideWord(kind, at, text) && CountInWords(window.Origin + at) => "invisible_in_word",
                _ => null,
            };
            (_inRun, _before) = (kind != InvisibleKind.Control, kind);
            if (rule is not null)
            {
                Report(rule, kind == InvisibleKind.Control ? HarmClass.Other : HarmClass.Injection, window.Origin + at, length, sink);
            }

            return at + length;
        }

        private static void Report(string rule, HarmClass harm, int start, int length, FindingSink sink)
        {
            sink.Report(rule, "hidden_text/" + rule, harm, 1, harm == HarmClass.Other ? Severity.Low : Severity.High, start, length);
            sink.Propose(start, length, "");
        }

        private static bool InsideWord(InvisibleKind kind, int at, ReadOnlySpan<char> text)
        {
            var inside = at > 0 && at + 1 < text.Length && Invisible.IsLatin(text[at - 1]) && Invisible.IsLatin(text[at + 1]);
            if (!inside || kind != InvisibleKind.SoftHyphen)
            {
                return inside;
            }

            // Where a word may be divided at least two letters stand on either side.
            var wide = at > 1 && char.IsLetter(text[at - 2]) && at + 2 < text.Length && char.IsLetter(text[at + 2]);
            return !wide;
        }

        private bool CountInWords(int position)
        {
            var many = position - _lastButOne < Near;
            (_lastButOne, _lastInWords) = (_lastInWords, position);
            return many;
        }

        private static InvisibleKind KindAt(ReadOnlySpan<char> text) => Invisible.KindOf(
            text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? char.ConvertToUtf32(text[0], text[1]) : text[0]);

        private int LookAtMark(in ScanWindow window, int at, int length, FindingSink sink)
        {
            var mark = length == 1 && char.GetUnicodeCategory(window.Text[at]) == System.Globalization.UnicodeCategory.NonSpacingMark;
            _marks = mark ? _marks + 1 : 0;
            if (_marks > MostMarks)
            {
                Report("stacked_marks", HarmClass.Other, window.Origin + at, 1, sink);
            }

            return at + length;
        }

        private int LookAtWord(in ScanWindow window, int at, FindingSink sink)
        {
            _marks = 0;
            var text = window.Text;
            var start = at;
            while (start > 0 && at - start < MostWord && char.IsAsciiLetter(text[start - 1]))
            {
                start--;
            }

            if (at - start == MostWord)
            {
                return at + 1; // No word.
            }

            var end = at;
            while (end < text.Length && end - start < MostWord && char.IsLetter(text[end]))
            {
                end++;
            }

            if (end == text.Length && !window.Final && end - start < MostWord)
            {
                return start;
            }

            if (Homoglyphs.Plain(text[start..end]) is { } plain)
            {
                sink.Report("mixed_script", "hidden_text/mixed_script", HarmClass.Injection, 0.9, Severity.Medium, window.Origin + start, end - start);
                sink.Propose(window.Origin + start, end - start, plain);
            }

            return end;
        }

        /// <summary>The length of a flag's tags, 0 when it is none, -1 when more text is needed.</summary>
        private static int FlagAt(ReadOnlySpan<char> text, int at, bool final)
        {
            // U+1F3F4, then letters and digits as tags, then the cancel tag: five or six of them name a region.
            if (at < 2 || text[at - 2] != '\ud83c' || text[at - 1] != '\udff4')
            {
                return 0;
            }

            for (var (i, tags) = (at, 0); tags < 8; i += 2, tags++)
            {
                if (i + 1 >= text.Length)
                {
                    return final ? 0 : -1;
                }

                var rune = char.IsSurrogatePair(text[i], text[i + 1]) ? char.ConvertToUtf32(text[i], text[i + 1]) : 0;
                if (rune == 0xe007f)
                {
                    return tags is >= 3 and <= 6 ? i + 2 - at : 0;
                }

                if (rune is not (>= 0xe0030 and <= 0xe0039 or >= 0xe0061 and <= 0xe007a))
                {
                    return 0;
                }
            }

            return 0;
        }
    }
}
