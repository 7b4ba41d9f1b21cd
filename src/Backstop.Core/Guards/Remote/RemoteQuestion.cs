using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Backstop.Core.Guards.Remote;

/// <summary>What a policy's check asks a guard for.</summary>
/// <param name="Guard">Name of the guard.</param>
/// <param name="Threshold">Score from 0 to 1 at which a category counts.</param>
public sealed record RemoteUse(string Guard, double Threshold)
{
    /// <summary>What counts, in the guard's own words; empty for all that is not harmless by name.</summary>
    public ImmutableArray<string> Categories { get; init; } = [];

    /// <summary>Thresholds of single categories, which hold instead of <see cref="Threshold"/>.</summary>
    public ImmutableSortedDictionary<string, double> Thresholds { get; init; } = ImmutableSortedDictionary<string, double>.Empty;

    /// <summary>What a chat model is asked about the text; empty for the other guards.</summary>
    public string Question { get; init; } = "";

    /// <summary>Example sentences that texts are compared with, and what each is an example of; empty where nothing is compared.</summary>
    public ImmutableArray<(string Intent, string Sentence)> Examples { get; init; } = [];

    /// <summary>How its findings count for the release; null where their category says so.</summary>
    public HarmClass? Harm { get; init; }

    /// <summary>Whether the guard is one of the policy's <c>models</c> and not of its <c>remotes</c>.</summary>
    public bool IsModel { get; init; }

    internal bool Fits(GuardProtocol protocol) => protocol switch
    {
        GuardProtocol.Chat => Question.Length > 0,
        GuardProtocol.OpenAiEmbeddings => !Examples.IsEmpty,
        _ => Question.Length == 0 && Examples.IsEmpty,
    };

    internal bool Counts(RemoteFlag flag) =>
        flag.Score >= Thresholds.GetValueOrDefault(flag.Category, Threshold)
        && (Categories.IsEmpty || Categories.Contains(flag.Category, StringComparer.OrdinalIgnoreCase));
}

/// <summary>One text that one check wants judged by somebody outside.</summary>
/// <param name="Check">Id of the check.</param>
/// <param name="Unit">Index of the text among those screened together.</param>
/// <param name="Before">What the user said before an answer that is to be judged; empty where nothing is known.</param>
public sealed record RemoteQuestion(string Check, int Unit, OutsideGuard Guard, RemoteUse Use, GuardStage Stage, string Text, string Before)
{
    /// <summary>Most time for the answer.</summary>
    /// <value>1 to 60,000 ms.</value>
    public int TimeoutMilliseconds { get; init; }

    /// <summary>Whether the text waits for it. Checks that only take notes let it pass and are asked beside it.</summary>
    public bool IsAwaited { get; init; }
}

/// <summary>Something a guard objects to.</summary>
/// <param name="Category">In the guard's own words.</param>
/// <param name="Score">0 to 1; 1 where the guard gives none.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RemoteFlag(string Category, double Score)
{
    /// <summary>First character of the part that is objected to; the whole text where <see cref="Length"/> is 0.</summary>
    public int Start { get; init; }

    public int Length { get; init; }
}

/// <summary>What came back for a question: what is objected to, or why there is no answer.</summary>
/// <param name="Failure">Null when there is an answer.</param>
/// <param name="Reason">Of the failure, without a word of the text.</param>
public sealed record RemoteAnswer(string Check, int Unit, ImmutableArray<RemoteFlag> Flags, CheckFailure? Failure, string Reason)
{
    public static RemoteAnswer Of(RemoteQuestion question, IEnumerable<RemoteFlag> flags) => new(question.Check, question.Unit, [.. flags], null, "");

    public static RemoteAnswer None(RemoteQuestion question, CheckFailure failure, string reason) => new(question.Check, question.Unit, [], failure, reason);
}
