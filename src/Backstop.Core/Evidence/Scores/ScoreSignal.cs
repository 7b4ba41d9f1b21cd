using System.Collections.Immutable;
using Backstop.Core.Text;

namespace Backstop.Core.Evidence.Scores;

/// <summary>A score of an alias's answers, and where it comes from: from the answer itself, from a judge, or from whoever posts it.</summary>
/// <param name="From">Where in the answer it stands.</param>
/// <param name="Judge">Who is asked for it.</param>
public sealed record ScoreSignal(ScoreRule Rule, SingularQuery? From, AnswerJudgeSpec? Judge)
{
    /// <summary>Whether callers may post it.</summary>
    public bool IsPosted => From is null && Judge is null;
}

/// <summary>A chat model that is asked how good answers are.</summary>
/// <param name="Address">Where its chat completions are asked for.</param>
/// <param name="Model">Its name there; pin a version, for another judge judges otherwise.</param>
/// <param name="KeyVariable">The environment variable of the gateway that holds its key; null when it wants none.</param>
/// <param name="Question">What it is asked about an answer, to be answered with a number from the score's least to its most.</param>
/// <param name="Anchors">Answers whose score is known: a judge who says otherwise is not believed until he agrees again.</param>
/// <param name="AnchorEvery">Scores between two anchors.</param>
public sealed record AnswerJudgeSpec(Uri Address, string Model, string? KeyVariable, string Question, ImmutableArray<Anchor> Anchors, int AnchorEvery = AnswerJudgeSpec.UsualAnchorEvery)
{
    public const int UsualAnchorEvery = 20;
}

/// <summary>An answer whose score is known to lie between two values, both included.</summary>
public sealed record Anchor(string Question, string Answer, double Least, double Most);
