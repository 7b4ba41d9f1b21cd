using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;

namespace Backstop.Core.Evidence;

/// <summary>How evidence is judged. Locked when a rollout is submitted.</summary>
public sealed record EvidencePlan
{
    /// <summary>
    /// Probability of ever rolling back a release that is no worse than its margins allow: once as a candidate, and again after its
    /// promotion. 1e-4 by default.
    /// </summary>
    public double Alpha { get; init; } = 1e-4;

    /// <summary>
    /// False rollbacks that may be expected on the alias in any thirty days: see <see cref="AlarmBudget"/>. The alias's own counts,
    /// whatever a rollout's plan says. 0.05 by default, which is 250 rollouts.
    /// </summary>
    public double FalseRollbacksPerMonth { get; init; } = 0.05;

    /// <summary>
    /// The part of alpha that belongs to the form group; the rest belongs to quality. Quality sees everything that form
    /// sees, only later, so the early look is given the smaller part. 0.1 by default.
    /// </summary>
    public double FormShare { get; init; } = 0.1;

    /// <summary>By <see cref="Outcome"/>: how much more frequent than in the control it may be, as a probability.</summary>
    public ImmutableArray<double> Margins { get; init; } = [0, 0.01, 0.01, 0.002, 0.002, 0.002, 0.002, 0.002, 0.002];

    /// <summary>How much more frequent all failures together may be, as a probability. 0.015 by default.</summary>
    public double TotalMargin { get; init; } = 0.015;

    /// <summary>
    /// How much longer the tested arm may take, as a share of the control's latency: 0.1 for a tenth, rounded up to whole bins of
    /// <see cref="LatencyCounts"/>. Null, the default: latency is shown and never judged, for a better release may well be slower.
    /// </summary>
    public double? LatencyMargin { get; init; }

    /// <summary>The part of alpha that belongs to latency where it is judged; quality has the less. 0.1 by default.</summary>
    public double LatencyShare { get; init; } = 0.1;

    /// <summary>What else is said about answers, and judged where it has a margin. The alias's own list; empty by default.</summary>
    public ImmutableArray<ScoreRule> Scores { get => field.IsDefault ? [] : field; init; }

    /// <summary>The part of alpha that belongs to scores where any is judged, in equal parts; quality has the less. 0.2 by default.</summary>
    public double ScoreShare { get; init; } = 0.2;

    /// <summary>By <see cref="Outcome"/>: how far above its historic rate one arm alone may be before an incident opens.</summary>
    public ImmutableArray<double> CeilingMargins { get; init; } = [0, 0.01, 0.01, 0.005, 0.005, 0.005, 0.005, 0.005, 0.005];

    /// <summary>
    /// The change detector alarms at this value: a false alarm within H buckets has probability H / A at most. 1e8 by
    /// default, about one in ten months of buckets.
    /// </summary>
    public double DetectorThreshold { get; init; } = 1e8;

    /// <summary>Fewest requests of the control's history in a stratum before one arm alone may raise an alarm.</summary>
    public long MinHistory { get; init; } = 200;

    /// <summary>The confirmation that does not depend on the planned share must reach this e-value. 100 by default.</summary>
    public double Confirmation { get; init; } = 100;

    /// <summary>From this e-value on a release is not called healthy, though it is not rolled back yet. 100 by default.</summary>
    public double Caution { get; init; } = 100;

    /// <summary>Probability of ever calling a sound assignment broken. 1e-4 by default.</summary>
    public double AssignmentAlpha { get; init; } = 1e-4;

    /// <summary>Fewest requests, both arms together, for any verdict but <see cref="Verdict.Regressed"/>.</summary>
    public long MinUnits { get; init; } = 200;

    /// <summary>Fewest requests of each arm for <see cref="Verdict.Healthy"/>.</summary>
    public long MinUnitsPerArm { get; init; } = 10;

    /// <summary>Evidence whose newest bucket is older than this is stale.</summary>
    public TimeSpan Freshness { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>No margins: any difference counts. Fires on harmless differences; for display, or for who asks for it.</summary>
    public EvidencePlan Strict() => this with
    {
        Margins = [.. Margins.Select(_ => 0.0)],
        TotalMargin = 0,
        CeilingMargins = [.. CeilingMargins.Select(_ => 0.0)],
        LatencyMargin = LatencyMargin is null ? null : 0,
        Scores = [.. Scores.Select(s => s with { Margin = s.Margin is null ? null : 0 })],
    };

    /// <summary>The e-value at which a group rolls back, as a natural logarithm.</summary>
    public double LogThreshold(EvidenceGroup group) =>
        -Math.Log(Alpha * (group == EvidenceGroup.Form ? FormShare : 1 - FormShare - (LatencyMargin is null ? 0 : LatencyShare) - (JudgedScores == 0 ? 0 : ScoreShare)));

    /// <summary>The e-value at which latency rolls back, as a natural logarithm.</summary>
    public double LogLatencyThreshold => -Math.Log(Alpha * LatencyShare);

    /// <summary>The e-value at which one judged score rolls back, as a natural logarithm.</summary>
    public double LogScoreThreshold => -Math.Log(Alpha * ScoreShare / Math.Max(1, JudgedScores));

    private int JudgedScores => Scores.Count(s => s.Margin is not null);
}
