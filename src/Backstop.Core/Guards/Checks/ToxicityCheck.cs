using Backstop.Core.Guards.Classifiers;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds abuse, threats and hate, sentence by sentence, with a trained classifier.</summary>
/// <remarks>
/// Each sentence is judged by itself and together with what stands before it, for "they are all like that" says nothing alone.
/// What has left already is never blamed: a finding covers the sentence that completes it.
/// Figures, training data and known gaps are in docs/checks/toxicity.md.
/// </remarks>
public sealed class ToxicityCheck : ICheck
{
    public const string Name = "toxicity";

    /// <summary>Most characters that are judged together.</summary>
    public const int Context = 600;

    private readonly ToxicityClassifier _classifier = ToxicityClassifier.Shared;
    private readonly double _threshold;
    private readonly double _least;
    private readonly int _window;

    private ToxicityCheck(double? threshold, int window)
    {
        _threshold = threshold ?? _classifier.Threshold;
        _least = Logistic.LeastFor(_threshold);
        _window = window;
        Descriptor = new CheckDescriptor(
            Name, 1, CheckScope.Window, window, CanFix: false,
            [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolResult, GuardStage.Output, GuardStage.Reasoning], [])
        {
            IsOfTextAlone = true,
        };
    }

    public CheckDescriptor Descriptor { get; }

    public static ToxicityCheck Create(double? threshold, PolicyNode with, int window) => new(threshold, window);

    public ICheckSession Open(CheckContext context) => new Session(this);

    private sealed class Session(ToxicityCheck check) : WindowSession(check._window)
    {
        private Tally _before;
        private int _length;

        protected override void Judge(ReadOnlySpan<char> stretch, bool escaped, int start, FindingSink sink)
        {
            var classifier = check._classifier;
            var sum = classifier.Weigh(stretch, escaped, out var evidence);
            if (_length > 0 && _length + stretch.Length <= Context && !escaped)
            {
                sum = sum.With(in _before);
                evidence = Math.Max(evidence, classifier.Weigh(in sum));
                _length += stretch.Length;
            }
            else
            {
                _length = stretch.Length;
            }

            _before = sum;
            if (evidence >= check._least && Logistic.Chance(evidence) is var score && score >= check._threshold)
            {
                var severity = score >= 0.9 ? Severity.High : Severity.Medium;
                sink.Report("classifier", "toxicity", HarmClass.Toxic, score, severity, start, stretch.Length);
            }
        }
    }
}
