using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds attempts to override the instructions a model was given.</summary>
/// <remarks>
/// Judges every sentence and every window of the text, so that no amount of padding hides an attempt, and every text hidden in it.
/// Figures and known gaps are in docs/checks/injection.md.
/// </remarks>
public sealed class InjectionCheck : ICheck
{
    public const string Name = "injection";

    // The system's words are instructions by nature, and mostly an application's own. But documents are put into them too, so what
    // sets instructions aside beyond doubt is found there as well.
    private const double LeastOfSystem = 0.99;

    // One list for each thread: a request is judged on one thread at a time, and nothing is allocated.
    [ThreadStatic]
    private static List<ScoredPart>? _parts;

    private readonly InjectionClassifier _classifier = InjectionClassifier.Shared;
    // They remember nothing: one for all texts.
    private readonly Session _session;
    private readonly Session _ofSystem;

    private InjectionCheck(double? threshold)
    {
        var least = threshold ?? _classifier.Threshold;
        (_session, _ofSystem) = (new Session(this, least), new Session(this, Math.Max(least, LeastOfSystem)));
    }

    public CheckDescriptor Descriptor { get; } = new(
        Name, 2, CheckScope.Whole, 0, CanFix: false,
        [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolArguments, GuardStage.ToolResult], ["LLM01"])
    {
        IsOfTextAlone = true,
    };

    public static InjectionCheck Create(double? threshold) => new(threshold);

    public ICheckSession Open(CheckContext context) => context.Trust is Trust.System or Trust.Developer ? _ofSystem : _session;

    private sealed class Session(InjectionCheck check, double threshold) : ICheckSession
    {
        private readonly double _least = Logistic.LeastFor(threshold);

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            var text = window.Text;
            var parts = _parts ??= [];
            check._classifier.Score(text, parts);
            foreach (var part in parts)
            {
                if (part.Evidence >= _least)
                {
                    Report("classifier", part.Score, window.Origin + part.Start, part.End - part.Start, sink);
                }
            }

            foreach (var view in Disguises.Of(text))
            {
                check._classifier.Score(view, parts);
                Report("disguised", parts.Count == 0 ? 0 : parts.Max(part => part.Score), window.Origin, text.Length, sink);
            }

            return text.Length;
        }

        private void Report(string rule, double score, int start, int length, FindingSink sink)
        {
            if (score >= threshold)
            {
                sink.Report(rule, "injection", HarmClass.Injection, score, Severity.High, start, length);
            }
        }
    }
}
