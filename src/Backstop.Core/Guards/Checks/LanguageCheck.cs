using System.Collections.Frozen;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds text in a language that is not expected.</summary>
/// <remarks>
/// Tells a language by its script, and among those that share one by their small words or letters of their own. A text of fewer
/// than eight words that decide nothing is left alone. 24 languages; figures are in docs/checks/language.md.
/// </remarks>
public sealed class LanguageCheck : ICheck
{
    public const string Name = "language";
    private readonly FrozenSet<string> _allowed;

    private LanguageCheck(IEnumerable<string> allowed) => _allowed = allowed.ToFrozenSet(StringComparer.Ordinal);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Whole, 0, CanFix: false, [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolResult, GuardStage.Output], []);

    /// <summary>Settings: <c>allowed</c>, codes of ISO 639-1 such as <c>en</c> and <c>de</c>.</summary>
    public static LanguageCheck Create(PolicyNode with)
    {
        var allowed = with.Texts("allowed") ?? throw GuardPolicyException.At(with.Path, "needs 'allowed', such as [\"en\"].");
        foreach (var code in allowed)
        {
            if (!Language.Codes.Contains(code))
            {
                throw PolicyNode.Unknown(with.Path + ".allowed", code, [.. Language.Codes]);
            }
        }

        return new LanguageCheck(allowed);
    }

    public ICheckSession Open(CheckContext context) => new Session(_allowed);

    private sealed class Session(FrozenSet<string> allowed) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            if (Language.Of(window.Text) is { } language && !allowed.Contains(language))
            {
                sink.Report(language, "language/unexpected", HarmClass.Other, 1, Severity.Low, window.Origin, window.Text.Length);
            }

            return window.Text.Length;
        }
    }
}
