using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Registry;

namespace Backstop.Core.Incidents;

/// <summary>How far an incident has come: the furthest stage that its facts show.</summary>
public enum IncidentStatus
{
    Open,

    /// <summary>It is known whether rolling back helps.</summary>
    Diagnosed,

    /// <summary>Something was done about it.</summary>
    Mitigated,

    /// <summary>It was seen to be over.</summary>
    Resolved,

    /// <summary>A gate stands against its return.</summary>
    Learned,
}

/// <summary>How bad it is for the people served.</summary>
public enum IncidentSeverity
{
    /// <summary>Answers are a little worse.</summary>
    Minor,

    /// <summary>Many answers are wrong, malformed or missing.</summary>
    Major,

    /// <summary>Answers harm: abuse or personal data.</summary>
    Severe,
}

/// <summary>One degradation of one alias. Holds facts only, each with where it came from.</summary>
public sealed record Incident
{
    // A difference of failure rates from which on many people notice.
    private const double MajorDifference = 0.05;

    /// <summary>Most samples one incident keeps; the rest say nothing new and cost space.</summary>
    public const int MostSamples = 200;

    /// <summary>Such as <c>INC-2026-001</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The alias that degraded.</summary>
    public required string Alias { get; init; }

    /// <summary>When the record was opened, which is after it began.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>Digest of the release under suspicion.</summary>
    public required string Release { get; init; }

    /// <summary>Digest of the trusted release that it was compared with: the one to return to.</summary>
    public required string Baseline { get; init; }

    /// <summary>The rollout that exposed the release, or null when a person swapped by hand.</summary>
    public string? RolloutId { get; init; }

    /// <summary>Why it was opened.</summary>
    public required string Reason { get; init; }

    /// <inheritdoc cref="IncidentSeverity"/>
    public IncidentSeverity Severity { get; init; }

    /// <inheritdoc cref="Incidents.Timeline"/>
    public Timeline Timeline { get; init; } = new();

    /// <summary>Requests of both arms that were judged until it was detected.</summary>
    public long? RequestsToDetect { get; init; }

    /// <summary>The judgement that opened it, or null when a person did.</summary>
    public Judgement? Evidence { get; init; }

    /// <summary>What changed from the trusted release to the suspected one.</summary>
    public ImmutableArray<Difference> Differences { get; init; } = [];

    /// <summary>What is known about the cause, or null when nobody has looked.</summary>
    public Diagnosis? Diagnosis { get; init; }

    /// <summary>What the diagnosis rests on, as a case that can be diagnosed again anywhere; null when nobody has looked.</summary>
    public IncidentCase? Case { get; init; }

    /// <summary>What the ledger of changes holds near the onset.</summary>
    public ImmutableArray<LedgerEntry> Changes { get; init; } = [];

    /// <summary>What requests brought with them that they did not before; null while that is as usual.</summary>
    public InputChange? Inputs { get; init; }

    /// <summary>What was put in force against it, oldest first.</summary>
    public ImmutableArray<Containment> Containments { get; init; } = [];

    /// <summary>Whether failures went back to the trusted release's after the rollback; null while nobody knows, and where nothing was rolled back.</summary>
    public Recovery? Recovery { get; init; }

    /// <summary>The rollback that was made before anybody knew whether it helps, because people were harmed; null when there was none.</summary>
    public Precaution? Precaution { get; init; }

    /// <summary>Failures of the trusted release, and of the trusted release with one part of the suspected one, on the captured requests.</summary>
    public ImmutableArray<Signal> Ablations { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>What was measured since, on purpose, to tell suspects apart: what the judge gets wrong.</summary>
    public ImmutableArray<Signal> Measured { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Failing requests, redacted.</summary>
    public ImmutableArray<IncidentSample> Samples { get; init; } = [];

    /// <summary>Who took it on.</summary>
    public string? AcknowledgedBy { get; init; }

    /// <summary>When somebody took it on.</summary>
    public DateTimeOffset? AcknowledgedAt { get; init; }

    /// <summary>Who works on it, by somebody's word; null for whoever took it on.</summary>
    public string? AssignedTo { get; init; }

    /// <summary>How bad a person says that it is, which no later alarm changes.</summary>
    public IncidentSeverity? GradedAs { get; init; }

    /// <summary>When a person said that it is over, where no rollback can show it.</summary>
    public DateTimeOffset? ResolvedAt { get; init; }

    /// <summary>What people said, oldest first.</summary>
    public ImmutableArray<IncidentComment> Comments { get; init; } = [];

    /// <summary>The gate or monitor that was learnt from it.</summary>
    public string? GateId { get; init; }

    /// <inheritdoc cref="IncidentStatus"/>
    public IncidentStatus Status => this switch
    {
        { IsOver: true, GateId: not null } => IncidentStatus.Learned,
        { IsOver: true } => IncidentStatus.Resolved,
        { Timeline.Swapped: not null } and not { Containments: [.., { Helped: false }] } and not { Recovery.Helped: false } => IncidentStatus.Mitigated,
        { Diagnosis.ReleaseToBlame: not null } => IncidentStatus.Diagnosed,
        _ => IncidentStatus.Open,
    };

    /// <summary>Whether it was seen to be over, so that the next alarm is another incident.</summary>
    public bool IsOver => (Timeline.Verified is not null && Recovery is not { Helped: false }) || ResolvedAt is not null;

    /// <summary>Whether rolling back comes first although nobody knows that it helps: people are harmed, and nothing speaks against it.</summary>
    public bool CallsForPrecaution => Severity == IncidentSeverity.Severe && Diagnosis is { Rollback: RollbackAdvice.Inconclusive } && Recovery is null;

    /// <summary>Whether nobody knows yet whether rolling back helps, or else what broke: more of the small arm's answers would tell.</summary>
    public bool IsOpenQuestion => !IsOver && (Diagnosis is null or { Rollback: RollbackAdvice.Inconclusive } or { ReleaseToBlame: false, Cause: null });

    /// <summary>The names of the parts that changed.</summary>
    public ImmutableArray<string> Components => [.. Differences.Select(d => d.Component).Distinct(StringComparer.Ordinal)];

    /// <summary>Adds another alarm: what is known better replaces what was known, and the record grows no milder.</summary>
    public Incident Add(Judgement? judgement, Diagnosis diagnosis, string reason)
    {
        // An alarm that blames nobody does not take back what was proven before; one that knows nothing takes back nothing.
        var keeps = Diagnosis?.ReleaseToBlame is true && diagnosis.ReleaseToBlame is not true && (Diagnosis.Proven || diagnosis.Rollback == RollbackAdvice.Inconclusive);
        var next = keeps ? this : this with { Reason = reason, Evidence = judgement ?? Evidence, Diagnosis = diagnosis };
        return next with
        {
            Severity = GradedAs ?? (IncidentSeverity)Math.Max((int)Severity, (int)SeverityOf(judgement)),
            RequestsToDetect = RequestsToDetect ?? UnitsOf(judgement),
        };
    }

    /// <summary>Asks again what broke, with the changes and alerts that are known by now. Whether rolling back helps is not asked again: only the arms tell that.</summary>
    public Incident Investigate(IEnumerable<LedgerEntry> ledger)
    {
        if (Case is null || Diagnosis is null)
        {
            return this;
        }

        var onset = Inputs?.Onset ?? Timeline.Onset ?? OpenedAt;
        var near = ledger.Where(e => e.Concerns(Alias) && e.At >= onset - LiveCase.ChangesBefore && (IsOver == false || Changes.Any(c => c.Id == e.Id))).ToImmutableArray();
        var known = Case.With(Alias, onset, [.. Inputs?.Signals ?? [], .. Ablations, .. Measured], RolloutId is null ? null : Timeline.Onset, near);
        var next = this with { Case = known, Changes = near };

        // Without a measurement there is only the ledger to go by, and a change alone is no evidence.
        return known.Contrasts.IsEmpty && known.Signals.IsEmpty ? next : next with { Diagnosis = Doubted(Diagnosis.With(Investigation.Of(known))) };

        // What was taken back and changed nothing was hardly to blame.
        Diagnosis Doubted(Diagnosis found) => Recovery is { Helped: false } ? found.DoubtRelease() : found;
    }

    /// <summary>A rule was put in force against it.</summary>
    public Incident Contain(Containment containment) => this with
    {
        Containments = Containments.Add(containment),
        Timeline = Timeline with { Onset = Inputs?.Onset ?? Timeline.Onset, Detected = Timeline.Detected ?? OpenedAt, Decided = containment.At, Swapped = containment.At, Converged = null, Verified = null },
    };

    /// <summary>It is known whether the last rule helped.</summary>
    public Incident Verify(bool helped, string because, DateTimeOffset at) => this with
    {
        Containments = Containments.SetItem(Containments.Length - 1, Containments[^1] with { Helped = helped, Because = because }),
        Timeline = helped ? Timeline with { Verified = at } : Timeline,
    };

    /// <summary>It is known whether the rollback helped. If not, it is open again, and the release is suspected ten times less.</summary>
    public Incident Recover(bool helped, string because, DateTimeOffset at) => this with
    {
        Recovery = new(at, helped, because),
        Diagnosis = helped ? Diagnosis : Diagnosis?.DoubtRelease(),
    };

    /// <summary>It is rolled back first, and asked afterwards.</summary>
    public Incident TakePrecaution(string by, DateTimeOffset at) => this with { Precaution = Precaution ?? new(at, by) };

    /// <summary>Something was measured to tell suspects apart: it takes the place of what was measured before.</summary>
    public Incident Measure(ImmutableArray<Signal> read) => this with { Measured = read };

    /// <summary>Captured requests were replayed with one changed part at a time.</summary>
    public Incident Ablate(ImmutableArray<Signal> readings) => this with { Ablations = readings };

    /// <summary>Writes what is known about the times by now.</summary>
    public Incident Stamp(Timeline timeline) => this with { Timeline = Timeline.With(timeline) };

    /// <summary>Keeps samples of the suspected release, each request once, up to <see cref="MostSamples"/>.</summary>
    public Incident Attach(IEnumerable<IncidentSample> samples)
    {
        var known = Samples.Select(s => s.RequestId).ToHashSet(StringComparer.Ordinal);
        return this with
        {
            Samples = [.. Samples, .. samples.Where(s => s.Release == Release && known.Add(s.RequestId)).Take(MostSamples - Samples.Length)],
        };
    }

    /// <summary>Somebody takes it on. The first one does.</summary>
    public Incident Acknowledge(string by, DateTimeOffset at) =>
        AcknowledgedBy is null ? this with { AcknowledgedBy = by, AcknowledgedAt = at } : this;

    /// <summary>Somebody is to work on it. That is also to say that it is known.</summary>
    public Incident Assign(string to, string by, DateTimeOffset at) => Acknowledge(by, at) with { AssignedTo = to };

    /// <summary>A person says how bad it is, up or down.</summary>
    public Incident Grade(IncidentSeverity severity) => this with { Severity = severity, GradedAs = severity };

    /// <summary>Somebody says something.</summary>
    public Incident Comment(string by, string text, DateTimeOffset at) => this with { Comments = Comments.Add(new(at, by, text)) };

    /// <summary>A person says that it is over.</summary>
    public Incident Resolve(DateTimeOffset at) => this with { ResolvedAt = ResolvedAt ?? at };

    /// <summary>A gate stands against its return.</summary>
    public Incident Learn(string gateId) => this with { GateId = gateId };

    /// <summary>How bad the judged difference is. Harm counts however rare it is.</summary>
    public static IncidentSeverity SeverityOf(Judgement? judgement) => judgement switch
    {
        null => IncidentSeverity.Minor,
        { Offending: Outcome.ToxicBlocked or Outcome.PiiBlocked } => IncidentSeverity.Severe,
        { Tested.FailureRate: var tested, Control.FailureRate: var control } when tested - control >= MajorDifference => IncidentSeverity.Major,
        { Shared: true } => IncidentSeverity.Major,
        _ => IncidentSeverity.Minor,
    };

    /// <summary>The requests that a judgement rests on.</summary>
    public static long? UnitsOf(Judgement? judgement) => judgement is null ? null : judgement.Groups.Select(g => g.Units).Append(judgement.Units).Max();
}

/// <summary>What became of the failures after a rollback.</summary>
/// <param name="Because">The numbers that say so.</param>
public sealed record Recovery(DateTimeOffset At, bool Helped, string Because);

/// <summary>A rollback before anybody knew.</summary>
public sealed record Precaution(DateTimeOffset At, string By);

/// <summary>Something a person said about an incident.</summary>
public sealed record IncidentComment(DateTimeOffset At, string By, string Text);
