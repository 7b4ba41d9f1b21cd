namespace Backstop.Core.Guards.Checks;

/// <summary>Finds abuse, threats and hate.</summary>
public sealed class ToxicityCheck : ICheck, IStretchJudge
{
    public const string Name = "toxicity";

    private static readonly string[] Abuse =
    [
        "idiot", "moron", "stupid", "worthless", "pathetic", "imbecile", "scum", "vermin", "subhuman", "kill yourself",
        "i will kill you", "shut up", "fuck", "bitch", "bastard", "disgusting", "loser",
    ];

    private readonly int _window;

    private ToxicityCheck(int window) => _window = window;

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Window, 600, CanFix: false,
        [GuardStage.Input, GuardStage.Retrieval, GuardStage.ToolResult, GuardStage.Output, GuardStage.Reasoning], []);

    public static ToxicityCheck Create(double? threshold, PolicyNode with, int window) => new(window);

    public ICheckSession Open(CheckContext context) => new WindowSession(this, _window);

    void IStretchJudge.Judge(ReadOnlySpan<char> stretch, bool escaped, int start, FindingSink sink)
    {
        foreach (var phrase in Abuse)
        {
            if (stretch.Contains(phrase, StringComparison.OrdinalIgnoreCase))
            {
                sink.Report("abuse", "toxicity", HarmClass.Toxic, 1, Severity.High, start, stretch.Length);
                return;
            }
        }
    }
}
