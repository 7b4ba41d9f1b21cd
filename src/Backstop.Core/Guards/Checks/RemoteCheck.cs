using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards.Checks;

/// <summary>Passes on what somebody outside says about the whole text: a guard model, a moderation service, a judge, or a classifier in a file.</summary>
/// <remarks>
/// It asks nobody itself. The ring tells its owner what is to be asked (<see cref="RemoteQuestion"/>), and the owner brings
/// the answers; where none came, the check has failed and the policy says what that means.
/// </remarks>
public sealed class RemoteCheck : ICheck, IAsking
{
    public const string Name = "remote";

    /// <summary>A chat model is asked a question of the policy's author.</summary>
    public const string JudgeName = "judge";

    /// <summary>A classifier in a file is asked, on the gateway's own machine.</summary>
    public const string ModelName = "onnx";

    private const double DefaultThreshold = 0.5;

    private readonly string _id;

    private RemoteCheck(string name, string id, RemoteUse asking)
    {
        (_id, Asking) = (id, asking);
        Descriptor = new CheckDescriptor(name, 1, CheckScope.Whole, 0, CanFix: false, [.. Enum.GetValues<GuardStage>()], ["LLM01", "LLM05"]) { Asks = true };
    }

    public CheckDescriptor Descriptor { get; }

    /// <summary>What is asked of whom.</summary>
    public RemoteUse Asking { get; }

    /// <summary>Settings: <c>guard</c>, a name under <c>remotes</c>; <c>categories</c>, those of the guard's that count (all that are not harmless by name).</summary>
    public static RemoteCheck Create(CheckUse use, PolicyNode with) => new(
        Name, use.Id, new RemoteUse(GuardOf(with), use.Threshold ?? DefaultThreshold) { Categories = [.. with.Texts("categories") ?? []] });

    /// <summary>Settings: <c>guard</c>, a name under <c>remotes</c> whose protocol is <c>chat</c>; <c>question</c>, to which yes is a finding.</summary>
    public static RemoteCheck CreateJudge(CheckUse use, PolicyNode with) => new(
        JudgeName, use.Id, new RemoteUse(GuardOf(with), use.Threshold ?? DefaultThreshold)
        {
            Question = with.Text("question") ?? throw GuardPolicyException.At(with.Path, "needs 'question', one that can be answered with yes or no; yes is a finding."),
        });

    /// <summary>
    /// Settings: <c>model</c>, a name under <c>models</c>; <c>labels</c>, those of the model's that count (all that are not harmless by
    /// name); <c>thresholds</c> of single labels; <c>harm</c>, how its findings count for the release (<c>toxic</c>).
    /// </summary>
    public static RemoteCheck CreateModel(CheckUse use, PolicyNode with) => new(
        ModelName,
        use.Id,
        new RemoteUse(with.Text("model") ?? throw GuardPolicyException.At(with.Path, "needs 'model', the name of one of the policy's 'models'."), use.Threshold ?? DefaultThreshold)
        {
            IsModel = true,
            Categories = [.. with.Texts("labels") ?? []],
            Thresholds = with.Node("thresholds")?.AllNumbers(0, 1).ToImmutableSortedDictionary(StringComparer.OrdinalIgnoreCase)
                ?? ImmutableSortedDictionary<string, double>.Empty,
            Harm = Enum.Parse<HarmClass>(with.Choice("harm", "toxic", "injection", "pii", "other") ?? "toxic", ignoreCase: true),
        });

    public ICheckSession Open(CheckContext context) => new Session(this, context);

    bool IAsking.AsksAbout(CheckContext context) => true;

    private static string GuardOf(PolicyNode with) =>
        with.Text("guard") ?? throw GuardPolicyException.At(with.Path, "needs 'guard', the name of one of the policy's 'remotes'.");

    private sealed class Session(RemoteCheck check, CheckContext context) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            var answer = context.AnswerTo(check._id);
            if (answer?.Failure is { } failure)
            {
                sink.Fail(failure, answer.Reason);
            }
            else if (answer is null)
            {
                sink.Fail(CheckFailure.Error, "nobody was asked");
            }

            foreach (var flag in answer?.Flags ?? [])
            {
                sink.Report(
                    flag.Category, $"{check.Descriptor.Name}/{flag.Category}", check.Asking.Harm ?? HarmOf(flag.Category), flag.Score, Severity.High, window.Origin, window.Text.Length);
            }

            return window.Text.Length;
        }

        private static HarmClass HarmOf(string category) => category.ToUpperInvariant() switch
        {
            "S7" => HarmClass.Pii,
            var word when word.Contains("INJECTION", StringComparison.Ordinal) || word.Contains("JAILBREAK", StringComparison.Ordinal) => HarmClass.Injection,
            var word when word.Contains("PRIVACY", StringComparison.Ordinal) || word.Contains("PII", StringComparison.Ordinal) => HarmClass.Pii,
            "YES" or "FLAGGED" => HarmClass.Other,
            _ => HarmClass.Toxic,
        };
    }
}
