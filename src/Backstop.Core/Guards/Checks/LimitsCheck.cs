using System.Buffers;

namespace Backstop.Core.Guards.Checks;

/// <summary>Refuses texts that are too long, nested too deep, broken as Unicode, or that pretend to be another message.</summary>
/// <remarks>One pass, before everything that costs more. A model server should never see what could crash its template or its parser.</remarks>
public sealed class LimitsCheck : ICheck
{
    public const string Name = "limits";
    private const int LongestMarker = 24;

    // What chat templates put between messages; in a user's text they make one message look like two.
    private static readonly string[] RoleMarkers =
    [
        "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|start_header_id|>", "<|end_header_id|>",
        "<|eot_id|>", "<|begin_of_text|>", "<|channel|>", "<|message|>", "<|end_of_turn|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>",
        "<|begin▁of▁sentence|>", "<｜User｜>", "<｜Assistant｜>",
    ];

    private static readonly SearchValues<char> SecondSigns =
        SearchValues.Create([.. RoleMarkers.SelectMany(marker => new[] { char.ToLowerInvariant(marker[1]), char.ToUpperInvariant(marker[1]) })]);

    private static readonly SearchValues<char> Noteworthy = SearchValues.Create("{}[]<\0");

    private readonly int _maxChars;
    private readonly int _maxDepth;
    private readonly bool _markers;

    private LimitsCheck(int maxChars, int maxDepth, bool markers) => (_maxChars, _maxDepth, _markers) = (maxChars, maxDepth, markers);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, LongestMarker, CanFix: false, [.. Enum.GetValues<GuardStage>()], ["LLM10", "LLM01"])
    {
        IsOfTextAlone = true,
    };

    /// <summary>Settings: <c>max_chars</c> (1,000,000), <c>max_depth</c> of brackets (256), <c>role_markers</c> (true).</summary>
    public static LimitsCheck Create(PolicyNode with) => new(
        with.Integer("max_chars", 1, 100_000_000) ?? 1_000_000,
        with.Integer("max_depth", 1, 100_000) ?? 256,
        with.Flag("role_markers") ?? true);

    public ICheckSession Open(CheckContext context) => new Session(this, context.Trust >= Trust.User);

    private sealed class Session(LimitsCheck check, bool distrusted) : ICheckSession
    {
        private int _depth;
        private bool _tooLong;
        private bool _tooDeep;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var at = window.From;
            var (sign, half) = (-1, -1);
            while (at < text.Length)
            {
                var next = NextNoteworthy(text, at, ref sign, ref half);
                if (next > at)
                {
                    CheckLength(window.Origin + next, sink);
                    at = next;
                    continue;
                }

                if (text[at] is '<' or '[' && check._markers && distrusted && LookForMarker(window, at, sink) is var length && length != 0)
                {
                    if (length < 0)
                    {
                        return at;
                    }

                    at += length;
                    continue;
                }

                if (char.IsSurrogate(text[at]))
                {
                    if (at + 1 == text.Length && !window.Final)
                    {
                        return at;
                    }

                    at += LookAtSurrogate(window, at, sink);
                    continue;
                }

                Count(text[at], window.Origin + at, sink);
                at++;
            }

            CheckLength(window.Origin + at, sink);
            return at;
        }

        /// <summary>Where to look next. What was searched for once is not searched for again before it is passed.</summary>
        private static int NextNoteworthy(ReadOnlySpan<char> text, int from, ref int sign, ref int half)
        {
            if (sign < from)
            {
                sign = text[from..].IndexOfAny(Noteworthy) is >= 0 and var index ? from + index : text.Length;
            }

            if (half < from)
            {
                half = text[from..].IndexOfAnyInRange('\ud800', '\udfff') is >= 0 and var index ? from + index : text.Length;
            }

            return Math.Min(sign, half);
        }

        private void Count(char c, int position, FindingSink sink)
        {
            if (c == '\0')
            {
                Report("null_character", position, 1, sink);
                return;
            }

            _depth += c is '{' or '[' ? 1 : c is '}' or ']' && _depth > 0 ? -1 : 0;
            if (_depth > check._maxDepth && !_tooDeep)
            {
                _tooDeep = true;
                Report("depth", position, 1, sink);
            }
        }

        private void CheckLength(int length, FindingSink sink)
        {
            if (length > check._maxChars && !_tooLong)
            {
                _tooLong = true;
                Report("length", check._maxChars, 1, sink);
            }
        }

        private static int LookAtSurrogate(in ScanWindow window, int at, FindingSink sink)
        {
            if (at + 1 < window.Text.Length && char.IsSurrogatePair(window.Text[at], window.Text[at + 1]))
            {
                return 2;
            }

            Report("lone_surrogate", window.Origin + at, 1, sink);
            return 1;
        }

        private static int LookForMarker(in ScanWindow window, int at, FindingSink sink)
        {
            var rest = window.Text[at..];
            if (rest.Length > 1 && !SecondSigns.Contains(rest[1]))
            {
                return 0;
            }

            foreach (var marker in RoleMarkers)
            {
                if (rest.StartsWith(marker, StringComparison.OrdinalIgnoreCase))
                {
                    sink.Report("role_marker", "limits/role_marker", HarmClass.Injection, 1, Severity.High, window.Origin + at, marker.Length);
                    return marker.Length;
                }

                if (!window.Final && marker.AsSpan().StartsWith(rest, StringComparison.OrdinalIgnoreCase))
                {
                    return -1;
                }
            }

            return 0;
        }

        private static void Report(string rule, int start, int length, FindingSink sink) =>
            sink.Report(rule, "limits/" + rule, HarmClass.Other, 1, Severity.High, start, length);
    }
}
