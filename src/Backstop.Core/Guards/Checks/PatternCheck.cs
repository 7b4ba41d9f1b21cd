using System.Text.RegularExpressions;
using Backstop.Core.Guards.Checks.Patterns;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds what the policy's author describes: regular expressions and lists of words or phrases.</summary>
/// <remarks>
/// Expressions run on an engine that takes linear time on every text, or are refused when the policy is loaded. One whose
/// matches are bounded in length streams, with that much held back; one that is not holds a stream until its end.
/// </remarks>
public sealed class PatternCheck : ICheck
{
    public const string Name = "pattern";
    private const int MostHold = 4096;

    // Two characters more than a match has tell whether it ends at the end of a line.
    private const int Margin = 2;

    private readonly (string Name, Regex Regex, int? Longest)[] _patterns;
    private readonly PhraseSet _words;
    private readonly string _placeholder;

    private PatternCheck((string Name, Regex Regex, int? Longest)[] patterns, PhraseSet words, string placeholder)
    {
        (_patterns, _words, _placeholder) = (patterns, words, placeholder);
        var bounded = Array.TrueForAll(patterns, pattern => pattern.Longest + Margin <= MostHold);
        var hold = bounded ? patterns.Select(pattern => pattern.Longest!.Value + Margin).Append(words.MaxHold).Max() : 0;
        Descriptor = new CheckDescriptor(
            Name, 1, bounded ? CheckScope.Span : CheckScope.Whole, hold, CanFix: true, [.. Enum.GetValues<GuardStage>()], []);
    }

    public CheckDescriptor Descriptor { get; }

    /// <summary>
    /// Settings: <c>patterns</c>, an object of names and regular expressions; <c>words</c>, a list of words and phrases;
    /// <c>ignore_case</c> for the expressions (false); <c>placeholder</c> that takes the place of what is found ("[REMOVED]").
    /// </summary>
    public static PatternCheck Create(PolicyNode with)
    {
        var ignoreCase = with.Flag("ignore_case") ?? false;
        var patterns = (with.Node("patterns")?.AllTexts() ?? [])
            .Select(pair => (pair.Key, Compile(pair.Value, $"{with.Path}.patterns.{pair.Key}", ignoreCase), PatternLength.Of(pair.Value)))
            .ToArray();
        var words = new PhraseSet((with.Texts("words") ?? []).Select(word => (word, "word")));
        return patterns.Length > 0 || !words.IsEmpty
            ? new PatternCheck(patterns, words, with.Text("placeholder") ?? "[REMOVED]")
            : throw GuardPolicyException.At(with.Path, "needs 'patterns' or 'words', or it finds nothing.");
    }

    private static Regex Compile(string pattern, string path, bool ignoreCase)
    {
        var regex = UserPattern.Compile(pattern, path, ignoreCase: ignoreCase);
        return regex.IsMatch("")
            ? throw GuardPolicyException.At(path, $"'{pattern}' matches the empty text, so it would be found everywhere.")
            : regex;
    }

    public ICheckSession Open(CheckContext context) => new Session(this);

    private sealed class Session(PatternCheck check) : ICheckSession
    {
        private readonly PhraseSet.Follower _words = new(check._words);

        // How far each expression has looked, in the original.
        private readonly int[] _done = new int[check._patterns.Length];

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (check.Descriptor.Scope == CheckScope.Whole && !window.Final)
            {
                return window.From;
            }

            var decided = check._words.IsEmpty
                ? window.Text.Length
                : _words.Scan(window, (rule, start, length) => Report(rule, start, length, sink));
            for (var i = 0; i < _done.Length; i++)
            {
                _done[i] = Match(check._patterns[i], Math.Max(window.From, _done[i] - window.Origin), window, sink) + window.Origin;
                decided = Math.Min(decided, _done[i] - window.Origin);
            }

            return decided;
        }

        private int Match((string Name, Regex Regex, int? Longest) pattern, int from, in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var certain = window.Final ? text.Length : text.Length - pattern.Longest!.Value - Margin;
            if (certain <= from)
            {
                return from;
            }

            foreach (var match in pattern.Regex.EnumerateMatches(text, from))
            {
                if (match.Index >= certain)
                {
                    break;
                }

                if (match.Length > 0)
                {
                    Report(pattern.Name, window.Origin + match.Index, match.Length, sink);
                    from = match.Index + match.Length;
                }
            }

            return Math.Max(from, certain);
        }

        private void Report(string rule, int start, int length, FindingSink sink)
        {
            sink.Report(rule, "pattern/" + rule, HarmClass.Other, 1, Severity.Medium, start, length);
            sink.Propose(start, length, check._placeholder);
        }
    }
}
