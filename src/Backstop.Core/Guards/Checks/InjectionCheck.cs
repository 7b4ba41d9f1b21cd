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

    // One list for each thread: a request is judged on one thread at a time, and nothing is allocated.
    [ThreadStatic]
    private static List<(int Start, int End)>? _parts;

    private readonly InjectionClassifier _classifier = InjectionClassifier.Shared;
    private readonly double _threshold;

    private InjectionCheck(double? threshold) => _threshold = threshold ?? _classifier.Threshold;

    public CheckDescriptor Descriptor { get; } = new(
        Name, 2, CheckScope.Whole, 0, CanFix: false,
        [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolArguments, GuardStage.ToolResult], ["LLM01"]);

    public static InjectionCheck Create(double? threshold) => new(threshold);

    public ICheckSession Open(CheckContext context) => new Session(this);

    private sealed class Session(InjectionCheck check) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            var text = window.Text;
            var form = TextForms.Of(text);
            var parts = _parts ??= [];
            InjectionClassifier.Cut(text, parts);
            foreach (var (start, end) in parts)
            {
                Report("classifier", check._classifier.Score(text[start..end], form), window.Origin + start, end - start, sink);
            }

            foreach (var view in Disguises.Of(text))
            {
                Report("disguised", Worst(view, parts), window.Origin, text.Length, sink);
            }

            return text.Length;
        }

        private double Worst(string view, List<(int Start, int End)> parts)
        {
            var (form, worst) = (TextForms.Of(view), 0.0);
            InjectionClassifier.Cut(view, parts);
            foreach (var (start, end) in parts)
            {
                worst = Math.Max(worst, check._classifier.Score(view.AsSpan(start..end), form));
            }

            return worst;
        }

        private void Report(string rule, double score, int start, int length, FindingSink sink)
        {
            if (score >= check._threshold)
            {
                sink.Report(rule, "injection", HarmClass.Injection, score, Severity.High, start, length);
            }
        }
    }
}
