using System.Collections.Immutable;
using Backstop.Core.Guards.Checks.Dialogue;

namespace Backstop.Core.Guards.Checks;

/// <summary>Keeps a conversation on its rails: what users may not want, or not yet, is known by example sentences.</summary>
/// <remarks>
/// Every sentence of a message is compared with all examples of all intents; the most alike decides, if it is alike enough, so
/// that a welcome intent takes its sentences from an unwelcome one. An intent that comes after another is found only where no
/// earlier message of the user had that one. Figures are in docs/checks/dialogue.md.
/// </remarks>
public sealed class DialogueCheck : ICheck
{
    public const string Name = "dialogue";
    private const double DefaultThreshold = 0.45;
    private const int LongestSentence = 600;

    private readonly ImmutableArray<Intent> _intents;
    private readonly ImmutableArray<Intent> _intentOf;
    private readonly Likeness _likeness;
    private readonly double _threshold;

    private DialogueCheck(ImmutableArray<Intent> intents, double threshold)
    {
        (_intents, _threshold) = (intents, threshold);
        _intentOf = [.. intents.SelectMany(intent => intent.Examples.Select(_ => intent))];
        _likeness = new Likeness([.. intents.SelectMany(intent => intent.Examples)]);
    }

    public CheckDescriptor Descriptor { get; } = new(Name, 1, CheckScope.Whole, 0, CanFix: false, [GuardStage.Input], []);

    /// <summary>Settings: <c>intents</c>, an object of names and their <c>examples</c>, and perhaps <c>answer</c>, <c>after</c> or <c>step</c>.</summary>
    public static DialogueCheck Create(double? threshold, PolicyNode with) => new(Intent.Read(with), threshold ?? DefaultThreshold);

    public ICheckSession Open(CheckContext context) => new Session(this, context);

    // The most alike of all examples, for each sentence.
    private IEnumerable<(Intent Intent, double Score, int Start, int Length)> IntentsIn(string text)
    {
        var cutter = new SentenceCutter(LongestSentence);
        for (var (from, end) = (0, 0); end < text.Length; from = end)
        {
            end = cutter.Next(text, from, final: true);
            var likeness = _likeness.Of(text.AsSpan(from, end - from));
            var best = Array.IndexOf(likeness, likeness.Max());
            if (likeness[best] >= _threshold)
            {
                yield return (_intentOf[best], likeness[best], from, end - from);
            }
        }
    }

    private sealed class Session(DialogueCheck check, CheckContext context) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            // What a system, an assistant or a tool says is nobody's wish.
            if (!window.Final || context.Trust != Trust.User)
            {
                return window.Final ? window.Text.Length : window.From;
            }

            var text = window.Text.ToString();
            foreach (var (intent, score, start, length) in check.IntentsIn(text))
            {
                if (!intent.IsStep && !(intent.After is { } step && WasSaid(step, before: text)))
                {
                    sink.Report(intent.Name, "dialogue/" + intent.Name, HarmClass.Other, score, Severity.Low, window.Origin + start, length);
                    sink.Say(intent.Answer);
                }
            }

            return window.Text.Length;
        }

        private bool WasSaid(string step, string before) => context.Request.Messages
            .Where(message => message.Role == "user").TakeWhile(message => message.Text != before)
            .Any(message => check.IntentsIn(message.Text).Any(found => found.Intent.Name == step));
    }
}
