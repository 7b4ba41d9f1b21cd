using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds an answer that recites the instructions the model was given, or a canary that was hidden in them.</summary>
/// <remarks>
/// Keeps a fingerprint of every run of up to <c>words</c> words of the instructions, and follows the longest run of the answer
/// that is among them. That is exact where sampled fingerprints are not, and instructions are short. It also tells, at every
/// word, how much could still become a leak: only that is held back. Case, punctuation, accents and line breaks do not matter.
/// </remarks>
public sealed class PromptLeakCheck : ICheck
{
    public const string Name = "prompt_leak";
    private const int MaxHold = 256;
    private const int LongestWord = 40;

    // Words this far apart are no run, and a run this long is one whatever its words: so what is held stays bounded.
    private const int WidestGap = 64;
    private const int LongestRun = MaxHold - LongestWord - WidestGap;
    private const int FewestWords = 4;

    private readonly int _words;
    private readonly RunSet _canaries;
    private readonly IReadOnlyList<string> _texts;

    private PromptLeakCheck(int words, IReadOnlyList<string> canaries, IReadOnlyList<string> texts)
    {
        (_words, _texts) = (words, texts);
        _canaries = new RunSet();
        foreach (var canary in canaries)
        {
            _canaries.Add(canary, longest: int.MaxValue);
            _canaries.Add(string.Concat(canary.Where(char.IsLetterOrDigit)), longest: int.MaxValue);
        }
    }

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: false, [GuardStage.ToolArguments, GuardStage.Output, GuardStage.Reasoning], ["LLM07"]);

    /// <summary>
    /// Settings: <c>words</c> in a row that are a leak (12), <c>canaries</c> of which one is enough, and <c>texts</c> to protect
    /// beside the request's own system and developer messages.
    /// </summary>
    public static PromptLeakCheck Create(PolicyNode with)
    {
        var canaries = with.Texts("canaries") ?? [];
        foreach (var canary in canaries)
        {
            if (canary.Count(char.IsLetterOrDigit) < 8)
            {
                throw GuardPolicyException.At(with.Path + ".canaries", $"'{canary}' would be found by chance. Use at least 8 random letters and digits.");
            }
        }

        return new PromptLeakCheck(with.Integer("words", 4, 24) ?? 12, canaries, with.Texts("texts") ?? []);
    }

    public ICheckSession Open(CheckContext context)
    {
        var runs = new RunSet();
        foreach (var text in _texts)
        {
            runs.Add(text, _words);
        }

        if (context.Request.Prompt is { } prompt)
        {
            runs.Add(prompt, _words);
        }

        // What the user has said may be said to the user, so only what is told to the model alone is protected.
        foreach (var message in context.Request.Messages.Where(message => message.Trust <= Trust.Developer))
        {
            runs.Add(message.Text, _words);
        }

        return new Session(runs, _words, _canaries);
    }

    private sealed class Session(RunSet runs, int words, RunSet canaries) : ICheckSession
    {
        private readonly RunFollower _leak = new(runs);
        private readonly RunFollower _canary = new(canaries);
        private int _readTo;
        private int _lastEnd;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (runs.IsEmpty && canaries.IsEmpty)
            {
                return window.Text.Length;
            }

            // Words that a live run began with were read before, and are still held.
            var text = window.Text;
            var at = Math.Max(window.From, _readTo - window.Origin);
            while (Words.Next(text, ref at, LongestWord, window.Final) is var length && length > 0)
            {
                var (start, end) = (window.Origin + at, window.Origin + at + length);
                EndRunsBefore(start);
                var word = WordHash.Of(text.Slice(at, length));
                Follow(_leak, word, start, end, words, "run", sink);
                Follow(_canary, word, start, end, 0, "canary", sink);
                (_lastEnd, at) = (end, at + length);
            }

            _readTo = window.Origin + at;
            EndRunsBefore(_readTo);
            var live = Math.Min(_leak.Start ?? _readTo, _canary.Start ?? _readTo);
            return window.Final ? text.Length : live - window.Origin;
        }

        private void EndRunsBefore(int position)
        {
            if (position - _lastEnd > WidestGap)
            {
                _leak.Reset();
                _canary.Reset();
            }
        }

        private static void Follow(RunFollower follower, ulong word, int start, int end, int words, string rule, FindingSink sink)
        {
            follower.Read(word, start);
            while (follower.Length is > 0 and < FewestWords && end - follower.Start > LongestRun)
            {
                follower.DropFirst();
            }

            var complete = words == 0 ? follower.IsWhole : follower.Length >= words;
            if (complete || end - follower.Start > LongestRun)
            {
                sink.Report(rule, "prompt_leak/" + rule, HarmClass.Pii, 1, Severity.High, follower.Start!.Value, end - follower.Start.Value);
                follower.Reset();
            }
        }
    }
}
