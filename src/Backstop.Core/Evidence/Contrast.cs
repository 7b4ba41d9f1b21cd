using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>What is compared with what: the tested arm with a control that served the same traffic at the same time.</summary>
/// <param name="Stages">The stages of the comparison, oldest first: one per share the tested arm has had.</param>
/// <param name="Tested">The arm of the release under suspicion.</param>
/// <param name="Control">The arm of the release that is trusted.</param>
public sealed record Contrast(ImmutableArray<ContrastStage> Stages, Arm Tested, Arm Control)
{
    /// <summary>A candidate against the concurrent baseline.</summary>
    public static Contrast OfCandidate(params IEnumerable<Route> stages) =>
        new([.. stages.Select(r => Stage(r, r.CandidateBasisPoints, r.CandidateBasisPoints + r.BaselineBasisPoints))], Arm.Candidate, Arm.Baseline);

    /// <summary>The promoted release against the slice that stays on the previous one.</summary>
    public static Contrast OfPromoted(params IEnumerable<Route> stages) =>
        new([.. stages.Select(r => Stage(r, r.BaselineBasisPoints, r.BaselineBasisPoints + r.HoldbackBasisPoints))], Arm.Baseline, Arm.Holdback);

    private static ContrastStage Stage(Route route, double tested, double both) =>
        new(new(route.Alias, route.Epoch, route.Generation), tested / both) { Signals = route.Traffic.Signals };
}

/// <summary>One stage of a comparison.</summary>
/// <param name="TestedShare">
/// Probability that a request of one of the two arms was drawn for the tested one, 0 to 1, as the gateways drew it.
/// </param>
public readonly record struct ContrastStage(EvidenceKey Key, double TestedShare)
{
    /// <summary>How answers were to be scored in this stage: while a doubt is looked into, judges are asked more often.</summary>
    public ImmutableArray<ScoreSignal> Signals { get; init; }

    /// <summary>By arm: the share of the answers that were to get this score; the plan's where the stage does not name it.</summary>
    public ScoredShares ScoredOf(ScoreRule rule) =>
        (Signals.IsDefault ? null : Signals.FirstOrDefault(s => s.Rule.Name == rule.Name))?.Rule.Scored ?? rule.Scored;
}
