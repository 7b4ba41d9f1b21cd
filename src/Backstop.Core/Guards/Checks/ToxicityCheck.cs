using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds abuse, threats and hate, sentence by sentence, with a trained classifier.</summary>
/// <remarks>Figures, training data and known gaps are in docs/checks/toxicity.md.</remarks>
public sealed class ToxicityCheck : ICheck, IStretchJudge
{
    public const string Name = "toxicity";
    private readonly ToxicityClassifier _classifier = ToxicityClassifier.Shared;
    private readonly double _threshold;
    private readonly int _window;

    private ToxicityCheck(double? threshold, int window)
    {
        _threshold = threshold ?? _classifier.Threshold;
        _window = window;
        Descriptor = new CheckDescriptor(
            Name, 1, CheckScope.Window, window, CanFix: false,
            [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolResult, GuardStage.Output, GuardStage.Reasoning], []);
    }

    public CheckDescriptor Descriptor { get; }

    public static ToxicityCheck Create(double? threshold, PolicyNode with, int window) => new(threshold, window);

    public ICheckSession Open(CheckContext context) => new WindowSession(this, _window);

    void IStretchJudge.Judge(ReadOnlySpan<char> stretch, bool escaped, int start, FindingSink sink)
    {
        var score = _classifier.Score(stretch, escaped);
        if (score >= _threshold)
        {
            var severity = score >= 0.9 ? Severity.High : Severity.Medium;
            sink.Report("classifier", "toxicity", HarmClass.Toxic, score, severity, start, stretch.Length);
        }
    }
}
