using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Control.Api;
using Backstop.Control.Gates;
using Backstop.Control.Store;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Control.Incidents;

/// <summary>An incident as the API shows it. Samples are counted, not shown: they are in the gate's files once learnt.</summary>
public sealed record IncidentView(
    string Id,
    string Alias,
    string Status,
    string Severity,
    DateTimeOffset OpenedAt,
    string Reason,
    ReleaseName Release,
    ReleaseName Baseline,
    string? RolloutId,
    bool? ReleaseToBlame,
    string? Rollback,
    PatternView? Pattern,
    ImmutableArray<SuspectView> Suspects,
    ImmutableArray<CompoundView> Compound,
    string? Cause,
    Mitigation? Mitigation,
    string? NextAction,
    bool Precautionary,
    Precaution? Precaution,
    Recovery? Recovery,
    string? Inputs,
    ImmutableArray<AblationView> Ablations,
    ImmutableArray<Containment> Containments,
    ImmutableArray<LedgerEntry> Changes,
    ImmutableArray<string> Findings,
    ImmutableArray<string> Components,
    ImmutableArray<DifferenceView> Differences,
    Timeline Timeline,
    SegmentsView SegmentsMs,
    long? RequestsToDetect,
    JsonElement? Evidence,
    int Samples,
    string? GateId,
    string? AcknowledgedBy,
    DateTimeOffset? AcknowledgedAt,
    string? AssignedTo,
    DateTimeOffset? ResolvedAt,
    ImmutableArray<IncidentComment> Comments)
{
    /// <summary>The view of an incident.</summary>
    public static async Task<IncidentView> Of(Incident incident, AliasQueries names) => new(
        incident.Id,
        incident.Alias,
        Snake(incident.Status),
        Snake(incident.Severity),
        incident.OpenedAt,
        incident.Reason,
        await names.Name(incident.Release),
        await names.Name(incident.Baseline),
        incident.RolloutId,
        incident.Diagnosis?.ReleaseToBlame,
        incident.Diagnosis is { } d ? Snake(d.Rollback) : null,
        incident.Diagnosis?.Pattern is { } p ? new(p.None, p.Release, p.Shared, p.Compound) : null,
        incident.Diagnosis is { } s ? [.. s.Suspects.Select(x => new SuspectView(Snake(x.Kind), x.Probability, x.Because))] : [],
        incident.Diagnosis is { } c ? [.. c.Compound.Select(x => new CompoundView(Snake(SignatureTable.KindOf(x.Cause)), Snake(x.Cause), x.Share))] : [],
        incident.Diagnosis?.Cause is { } cause ? SignatureTable.Snake(cause) : null,
        incident.Diagnosis?.Mitigation,
        incident.Diagnosis?.NextAction,
        incident.CallsForPrecaution,
        incident.Precaution,
        incident.Recovery,
        incident.Inputs?.Words,
        [.. incident.Ablations.Select(AblationView.Of)],
        incident.Containments,
        incident.Changes,
        incident.Diagnosis?.Findings ?? [],
        incident.Components,
        [.. incident.Differences.Select(DifferenceView.Of)],
        incident.Timeline,
        SegmentsView.Of(incident.Timeline.Measured()),
        incident.RequestsToDetect,
        incident.Evidence is { } evidence ? JsonSerializer.SerializeToElement(evidence, StoreJson.Options) : null,
        incident.Samples.Length,
        incident.GateId,
        incident.AcknowledgedBy,
        incident.AcknowledgedAt,
        incident.AssignedTo,
        incident.ResolvedAt,
        incident.Comments);

    private static string Snake<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

/// <summary>What the trusted release did with one part of the suspected one, on the captured requests.</summary>
/// <param name="Part">The part: <c>model</c>, <c>prompt</c> or <c>guard</c>.</param>
public sealed record AblationView(string Part, double TrustedRuns, double TrustedFailures, double Runs, double Failures)
{
    internal static AblationView Of(Signal reading) => new(
        reading.Name[(reading.Name.IndexOf('_', StringComparison.Ordinal) + 1)..], reading.Before!.N, reading.Before.Hits!.Value, reading.After!.N, reading.After.Hits!.Value);
}

public sealed record PatternView(double None, double Release, double Shared, double Compound);

public sealed record SuspectView(string Suspect, double Probability, string Because);

/// <summary>One of several causes at work together, with its share of the new failures where the arms tell it.</summary>
public sealed record CompoundView(string Suspect, string Cause, double? Share);

/// <summary>The measured segments in milliseconds; null where an end is missing.</summary>
public sealed record SegmentsView(
    double? OnsetToDetected, double? DetectedToDecided, double? DecidedToSwapped, double? SwappedToConverged, double? ConvergedToVerified)
{
    /// <summary>The view of the segments.</summary>
    public static SegmentsView Of(Segments segments) => new(
        segments.OnsetToDetected?.TotalMilliseconds,
        segments.DetectedToDecided?.TotalMilliseconds,
        segments.DecidedToSwapped?.TotalMilliseconds,
        segments.SwappedToConverged?.TotalMilliseconds,
        segments.ConvergedToVerified?.TotalMilliseconds);
}

/// <summary>What was learnt, with the proof that it works: a gate, or a monitor where no release is to blame.</summary>
public sealed record LearnedView(
    string? GateId,
    string State,
    bool? BlocksBad,
    bool? PassesGood,
    GateResultView? Bad,
    GateResultView? Good,
    int? Cases,
    int? SamplesPerCase,
    int? FailIfMoreThan,
    double? Power,
    double? FalseBlock,
    MonitorView? Monitor = null)
{
    /// <summary>The view of a learnt monitor.</summary>
    public static LearnedView Of(InputMonitor monitor) =>
        new(null, monitor.State.ToString().ToLowerInvariant(), null, null, null, null, null, null, null, null, null, MonitorView.Of(monitor));

    /// <summary>The view of a learnt gate; it has a certificate.</summary>
    public static LearnedView Of(Gate gate)
    {
        var proof = gate.Certificate!;
        return new(
            gate.Id,
            gate.State.ToString().ToLowerInvariant(),
            proof.BlocksBad,
            proof.PassesGood,
            Result(proof.BadRelease, proof.Bad),
            Result(proof.GoodRelease, proof.Good),
            gate.Cases.Length,
            gate.SamplesPerCase,
            gate.FailIfMoreThan,
            gate.Power,
            gate.FalseBlock);

        GateResultView Result(string release, RunCounts counts) =>
            GateResultView.Of(new(gate.Id, release, gate.Judge(counts), counts, gate.FailIfMoreThan));
    }
}

/// <summary>A monitor as the API shows it.</summary>
public sealed record MonitorView(
    string MonitorId, string Alias, string IncidentId, string Cause, string Rule, string Words, string State, string Owner, DateTimeOffset CreatedAt, DateTimeOffset ReviewBy, string? Helped, RuleBacktest Backtest)
{
    /// <summary>What the rule would have touched of all that is remembered today; null in a list.</summary>
    public RuleBacktest? Today { get; init; }

    /// <summary>The view of a monitor.</summary>
    public static MonitorView Of(InputMonitor monitor) => new(
        monitor.Id,
        monitor.Alias,
        monitor.IncidentId,
        SignatureTable.Snake(monitor.Rule.Cause),
        monitor.Rule.Rule,
        monitor.Rule.Words,
        monitor.State.ToString().ToLowerInvariant(),
        monitor.Owner,
        monitor.CreatedAt,
        monitor.ReviewBy,
        monitor.Rule.Because,
        monitor.Rule.Backtest);
}
