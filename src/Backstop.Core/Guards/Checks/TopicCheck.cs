using Backstop.Core.Guards.Checks.Patterns;

namespace Backstop.Core.Guards.Checks;

/// <summary>Keeps a conversation on its topics: refuses what is about a denied one, or about none of the allowed ones.</summary>
/// <remarks>
/// A topic is a list of words and phrases. Denied topics stream: a word of one is found as soon as it is complete. Allowed
/// topics need the whole text, which must be about at least one; a text of a few words ("and tomorrow?") says too little to judge.
/// </remarks>
public sealed class TopicCheck : ICheck
{
    public const string Name = "topic";
    private readonly PhraseSet _denied;
    private readonly PhraseSet _allowed;
    private readonly int _minWords;

    private TopicCheck(PhraseSet denied, PhraseSet allowed, int minWords)
    {
        (_denied, _allowed, _minWords) = (denied, allowed, minWords);
        Descriptor = new CheckDescriptor(
            Name, 1, allowed.IsEmpty ? CheckScope.Span : CheckScope.Whole, denied.MaxHold, CanFix: false,
            [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolResult, GuardStage.Output], []);
    }

    public CheckDescriptor Descriptor { get; }

    /// <summary>
    /// Settings: <c>deny</c> and <c>allow</c>, objects of topics and their words and phrases; <c>min_words</c> a text must have
    /// before it must be about an allowed topic (8).
    /// </summary>
    public static TopicCheck Create(PolicyNode with)
    {
        var (denied, allowed) = (Topics(with, "deny"), Topics(with, "allow"));
        return denied.IsEmpty && allowed.IsEmpty
            ? throw GuardPolicyException.At(with.Path, "needs 'deny' or 'allow': topics and their words, such as {\"deny\": {\"betting\": [\"odds\", \"place a bet\"]}}.")
            : new TopicCheck(denied, allowed, with.Integer("min_words", 1, 1000) ?? 8);
    }

    public ICheckSession Open(CheckContext context) => new Session(this);

    private static PhraseSet Topics(PolicyNode with, string key) =>
        new((with.Node(key)?.AllLists() ?? []).SelectMany(topic => topic.Value.Select(phrase => (phrase, topic.Key))));

    private sealed class Session(TopicCheck check) : ICheckSession
    {
        private readonly PhraseSet.Follower _denied = new(check._denied);

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (check.Descriptor.Scope == CheckScope.Whole && !window.Final)
            {
                return window.From;
            }

            var decided = check._denied.IsEmpty
                ? window.Text.Length
                : _denied.Scan(window, (topic, start, length) =>
                    sink.Report(topic, "topic/denied", HarmClass.Other, 1, Severity.Medium, start, length));
            if (!check._allowed.IsEmpty && IsElsewhere(window))
            {
                sink.Report("elsewhere", "topic/elsewhere", HarmClass.Other, 1, Severity.Low, window.Origin, window.Text.Length);
            }

            return decided;
        }

        private bool IsElsewhere(in ScanWindow window)
        {
            var (words, at, found) = (0, 0, false);
            while (words < check._minWords && Text.Words.Next(window.Text, ref at, 40, final: true) is var length && length > 0)
            {
                (words, at) = (words + 1, at + length);
            }

            if (words >= check._minWords)
            {
                new PhraseSet.Follower(check._allowed).Scan(window, (_, _, _) => found = true);
            }

            return words >= check._minWords && !found;
        }
    }
}
