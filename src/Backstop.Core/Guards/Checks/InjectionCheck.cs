using Backstop.Core.Guards.Classifiers;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds attempts to override the instructions a model was given.</summary>
/// <remarks>
/// Looks at every window of 600 characters, so that no amount of padding hides an attempt. Figures and known gaps are in
/// docs/checks/injection.md.
/// </remarks>
public sealed class InjectionCheck : ICheck
{
    public const string Name = "injection";
    private const int Step = 480;

    private readonly InjectionRules _rules = InjectionRules.Shared;
    private readonly double _threshold;
    private readonly int _window;

    private InjectionCheck(double? threshold, int window) =>
        (_threshold, _window) = (threshold ?? InjectionRules.Threshold, window);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Whole, 0, CanFix: false,
        [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolArguments, GuardStage.ToolResult], ["LLM01"]);

    public static InjectionCheck Create(double? threshold, PolicyNode with, int window) => new(threshold, window);

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
            for (var from = 0; from < text.Length; from += Step)
            {
                var part = text[from..Math.Min(text.Length, from + check._window)];
                var score = check._rules.Score(part);
                if (score >= check._threshold)
                {
                    sink.Report(
                        "construction", "injection", HarmClass.Injection, score, Severity.High, window.Origin + from, part.Length);
                }
            }

            return text.Length;
        }
    }
}
