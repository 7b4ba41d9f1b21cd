using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Control.Rollouts;

/// <summary>A rollout with what its owner needs to go on with it after a crash.</summary>
public sealed record StoredRollout
{
    /// <summary>Rises with every write; see <see cref="Registry.AliasStore.Commit"/>.</summary>
    public long Revision { get; init; } = 1;

    public required DateTimeOffset SubmittedAt { get; init; }

    public required Rollout Rollout { get; init; }

    public required EvidencePlan Evidence { get; init; }

    /// <summary>The routes this rollout wrote, oldest first: each is a stage of the comparison.</summary>
    public ImmutableArray<Route> Stages { get; init; } = [];

    public Timeline Timeline { get; init; } = new();

    /// <summary>When the candidate became current, or null while it is not: a gateway that left before that has never heard of it.</summary>
    public DateTimeOffset? PromotedAt { get; init; }

    /// <summary>The incident that was opened, if any.</summary>
    public string? IncidentId { get; init; }

    /// <summary>The rollout that is submitted once nothing of this one is exposed, or null.</summary>
    public Successor? Successor { get; init; }

    /// <summary>What copies had shown when this was written; null when there were none.</summary>
    public ShadowJudgement? Shadow { get; init; }

    /// <summary>Whether only copies of requests go to the candidate.</summary>
    public bool IsShadowing => Rollout is { Step: < 0, Status: RolloutStatus.Shadowing or RolloutStatus.Held };

    /// <summary>The stages in which copies go to the candidate.</summary>
    public IEnumerable<EvidenceKey> ShadowStages =>
        Stages.Where(r => r.Candidate == Rollout.Candidate && r.ShadowBasisPoints > 0).Select(r => new EvidenceKey(r.Alias, r.Epoch, r.Generation));

    /// <summary>What is to be compared now, or null while nothing is exposed.</summary>
    public Contrast? Contrast()
    {
        var candidate = Rollout.Candidate;
        return Rollout.Status switch
        {
            RolloutStatus.Canary or RolloutStatus.Held when !IsShadowing =>
                Core.Evidence.Contrast.OfCandidate(Stages.Where(r => r.Candidate == candidate && r.ShadowBasisPoints == 0)),
            RolloutStatus.Promoting or RolloutStatus.Baking or RolloutStatus.Completed =>
                Core.Evidence.Contrast.OfPromoted(Stages.Where(r => r.Current == candidate)),
            _ => null,
        };
    }

    /// <summary>
    /// Since when what is taken back now stood by itself, which no lease ends; null when nothing of the kind is taken back.
    /// A rollout that was promoted before this was written down may have been heard of at any time.
    /// </summary>
    public DateTimeOffset? StandingSince => Rollout is { Promoted: true, Abort: not null } ? PromotedAt ?? DateTimeOffset.MinValue : null;

    /// <summary>
    /// Share of the traffic that the release before the candidate bore when users last met it beside the candidate, in basis points; the whole
    /// where they never met both.
    /// </summary>
    public int BoreBasisPoints =>
        Stages.LastOrDefault(r => r.Candidate == Rollout.Candidate && r.CandidateBasisPoints > 0) is { } last ? Route.Whole - last.CandidateBasisPoints : Route.Whole;

    /// <summary>What it costs its alias's <see cref="AlarmBudget"/>: nothing when it ended before anything was exposed, one comparison when it ended before the promotion.</summary>
    public (double Alpha, int Comparisons) Charge => (Evidence.Alpha, Rollout switch
    {
        { IsTerminal: true, Promoted: false } => Stages.IsEmpty ? 0 : 1,
        _ => AlarmBudget.Comparisons,
    });

    /// <summary>Digests of the releases that must be ready for it to go on.</summary>
    public IEnumerable<string> Needs() =>
        ((string?[])[Rollout.Candidate, Rollout.Baseline, Rollout.Plan.Fallback, Successor?.Candidate, Successor?.Plan.Fallback]).OfType<string>();

    /// <summary>Whether the candidate has a share, or copies, that live on a lease.</summary>
    public bool HoldsLease => Rollout.Status is RolloutStatus.Shadowing or RolloutStatus.Canary or RolloutStatus.Held;
}

/// <summary>A rollout that waits for the end of the one it takes the place of. Durable with it, so that a crash in between loses neither.</summary>
public sealed record Successor(string Id, string Candidate, RolloutPlan Plan, EvidencePlan Evidence, string Actor);
