using System.Collections.Immutable;
using Backstop.Core.Guards.Checks.Dialogue;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards.Checks;

/// <summary>Keeps a conversation on its rails: what users may not want, or not yet, is known by example sentences.</summary>
/// <remarks>
/// Every sentence of a message is compared with all examples of all intents; the most alike decides, if it is alike enough, so
/// that a welcome intent takes its sentences from an unwelcome one. An intent that comes after another is found only where no
/// earlier message of the user had that one. How alike two sentences are is told by the words they share, or by an embedding model
/// that the policy names, which knows other words for the same. Figures are in docs/checks/dialogue.md.
/// </remarks>
public sealed class DialogueCheck : ICheck, IAsking
{
    public const string Name = "dialogue";
    private const double DefaultThreshold = 0.45;

    private readonly ImmutableArray<Intent> _intents;
    private readonly ImmutableArray<Intent> _intentOf;
    private readonly Likeness _likeness;
    private readonly string _id;
    private readonly double _threshold;

    private DialogueCheck(string id, ImmutableArray<Intent> intents, double threshold, string? guard)
    {
        (_id, _intents, _threshold) = (id, intents, threshold);
        _intentOf = [.. intents.SelectMany(intent => intent.Examples.Select(_ => intent))];
        _likeness = new Likeness([.. intents.SelectMany(intent => intent.Examples)]);
        Descriptor = new(Name, 2, CheckScope.Whole, 0, CanFix: false, [GuardStage.Input], []) { Asks = guard is not null };
        Asking = guard is null ? null : new RemoteUse(guard, threshold)
        {
            Examples = [.. intents.SelectMany(intent => intent.Examples.Select(example => (intent.Name, example)))],
        };
    }

    public CheckDescriptor Descriptor { get; }

    /// <summary>The embedding model that is asked how alike sentences are; null where their words tell.</summary>
    public RemoteUse? Asking { get; }

    /// <summary>
    /// Settings: <c>intents</c>, an object of names and their <c>examples</c>, and perhaps <c>answer</c>, <c>route</c>, <c>after</c> or
    /// <c>step</c>; <c>guard</c>, a name under <c>remotes</c> whose protocol is <c>openai_embeddings</c>.
    /// </summary>
    public static DialogueCheck Create(CheckUse use, PolicyNode with)
    {
        var (intents, guard) = (Intent.Read(with), with.Text("guard"));
        return guard is not null && use.Threshold is null
            ? throw GuardPolicyException.At(with.Path, "asks an embedding model, and each has its own idea of alike: set 'threshold' beside 'use'.")
            : new(use.Id, intents, use.Threshold ?? DefaultThreshold, guard);
    }

    // What a system, an assistant or a tool says is nobody's wish.
    bool IAsking.AsksAbout(CheckContext context) => context.Trust == Trust.User;

    public ICheckSession Open(CheckContext context) => new Session(this, context);

    // The most alike of all examples, for each sentence.
    private IEnumerable<RemoteFlag> IntentsIn(string text)
    {
        foreach (var range in Embedding.SentencesOf(text))
        {
            var (start, length) = range.GetOffsetAndLength(text.Length);
            var likeness = _likeness.Of(text.AsSpan(range));
            var best = Array.IndexOf(likeness, likeness.Max());
            if (likeness[best] >= _threshold)
            {
                yield return new RemoteFlag(_intentOf[best].Name, likeness[best]) { Start = start, Length = length };
            }
        }
    }

    private sealed class Session(DialogueCheck check, CheckContext context) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final || context.Trust != Trust.User)
            {
                return window.Final ? window.Text.Length : window.From;
            }

            var text = window.Text.ToString();
            foreach (var flag in FoundIn(text, sink))
            {
                var intent = check._intents.First(intent => intent.Name == flag.Category);
                if (!intent.IsStep && !(intent.After is { } step && WasSaid(step, before: text)))
                {
                    sink.Report(intent.Name, "dialogue/" + intent.Name, HarmClass.Other, flag.Score, Severity.Low, window.Origin + flag.Start, flag.Length);
                    sink.Say(intent.Answer);
                    sink.Send(intent.Route);
                }
            }

            return window.Text.Length;
        }

        private IEnumerable<RemoteFlag> FoundIn(string text, FindingSink sink)
        {
            if (check.Asking is null)
            {
                return check.IntentsIn(text);
            }

            var answer = context.AnswerTo(check._id);
            if (answer is null || answer.Failure is not null)
            {
                sink.Fail(answer?.Failure ?? CheckFailure.Error, answer?.Reason ?? "nobody was asked");
            }

            return answer?.Flags ?? [];
        }

        private bool WasSaid(string step, string before) => check.Asking is null
            ? context.Request.Messages.Where(message => message.Role == "user").TakeWhile(message => message.Text != before)
                .Any(message => check.IntentsIn(message.Text).Any(found => found.Category == step))
            : context.Answers!.Any(answer => answer.Check == check._id && answer.Unit < context.Unit && answer.Flags.Any(found => found.Category == step));
    }
}
