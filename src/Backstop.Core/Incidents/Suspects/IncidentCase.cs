using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Everything that is known about one degradation, from whatever system: what diagnosis starts from.</summary>
/// <remarks>As JSON: <see cref="CaseReader"/>, docs/incidents.md, docs/incident-case.schema.json.</remarks>
public sealed record IncidentCase
{
    /// <summary>A name for it.</summary>
    public string Id { get; init; } = "case";

    /// <summary>When it began, as well as one knows; null when nobody does.</summary>
    public Onset? Onset { get; init; }

    /// <summary>Failures of the release that serves most and of the holdback, at the same time.</summary>
    public ImmutableArray<ArmCounts> Contrasts { get; init; } = [];

    /// <summary>Whether the arms' sizes are what the plan says. If not, no contrast is believed.</summary>
    public bool AssignmentHolds { get; init; } = true;

    /// <summary>What was measured before and after the onset, on all traffic.</summary>
    public ImmutableArray<Signal> Signals { get; init; } = [];

    /// <summary>What was changed, by whom it may concern.</summary>
    public ImmutableArray<Change> Changes { get; init; } = [];

    /// <summary>The parts in which the serving release differs from the holdback's; null when nobody knows.</summary>
    public ImmutableArray<string>? ReleaseDiffers { get; init; }

    /// <summary>Whether people are harmed: personal data or danger. Then rolling back comes before knowing.</summary>
    public bool Severe { get; init; }

    /// <summary>What was not understood, or read in another way than it was written.</summary>
    [JsonIgnore]
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>What really happened, where somebody knows. Diagnosis never looks at it; only a score does.</summary>
    public CaseTruth? Truth { get; init; }
}

/// <summary>When it began and how.</summary>
/// <param name="At">Best estimate; null when only the manner is known.</param>
/// <param name="Slow">True when it crept in over hours or days, false when it came at once, null when nobody knows.</param>
/// <param name="UncertaintyMinutes">How far <paramref name="At"/> may be off, either way.</param>
public sealed record Onset(DateTimeOffset? At, bool? Slow = null, double UncertaintyMinutes = 10);

/// <summary>One way of failing, counted on both arms at the same time.</summary>
/// <param name="Name">The signal it counts, such as <c>judged</c>, <c>probes</c>, <c>schema_failures</c> or <c>blocks</c>.</param>
/// <param name="Production">The release that serves most.</param>
/// <param name="Holdback">The slice that stays on the previous release.</param>
/// <param name="Baseline">What failed when all was well; null when nobody knows.</param>
/// <param name="Wobble">Standard deviation of that share from day to day; null for a fifth on the logit scale.</param>
public sealed record ArmCounts(string Name, Count Production, Count Holdback, Count? Baseline, double? Wobble = null);

/// <summary>So many of so many. A share that was given without a number of observations counts as exactly known.</summary>
public sealed record Count(double N, double Hits)
{
    /// <summary>The share, 0 to 1; a half where nothing was counted.</summary>
    [JsonIgnore]
    public double Share => N > 0 ? Hits / N : 0.5;
}

/// <summary>One measured thing before and after the onset.</summary>
/// <param name="Name">One of <see cref="SignatureTable.Signals"/> or of <see cref="SignatureTable.Groups"/>.</param>
/// <param name="Before">Reading before the onset; null where <paramref name="Stated"/> says it all.</param>
/// <param name="After">Reading after it.</param>
/// <param name="What">Which of several: the feature, the route, the check.</param>
/// <param name="Stated">The natural logarithm of the Bayes factor, where the case gives a detector's answer instead of readings.</param>
/// <param name="GivenAs">The name as it was written, if another.</param>
public sealed record Signal(
    string Name,
    Reading? Before,
    Reading? After,
    string? What = null,
    [property: JsonPropertyName("log_bayes_factor")] double? Stated = null,
    [property: JsonIgnore] string? GivenAs = null);

/// <summary>A count (<paramref name="Hits"/>) or a mean with a standard deviation, over <paramref name="N"/> observations.</summary>
public sealed record Reading(double N, double? Hits = null, double? Mean = null, double? Deviation = null);

/// <summary>One entry of the ledger of changes.</summary>
/// <param name="At">When; null when nobody knows.</param>
/// <param name="Parts">Some of <see cref="SignatureTable.Parts"/>: <c>model</c>, <c>prompt</c>, <c>features</c>, <c>router</c>, …</param>
/// <param name="What">In words.</param>
public sealed record Change(DateTimeOffset? At, ImmutableArray<string> Parts, string? What = null);

/// <summary>What really happened.</summary>
/// <param name="Suspects">Who is to blame; empty when nothing was wrong. Of several each did its share.</param>
/// <param name="RollbackHelps">Whether the previous release would have done better.</param>
/// <param name="Family">Which kind of incident it is, for a score by kinds.</param>
public sealed record CaseTruth(ImmutableArray<SuspectKind> Suspects, bool RollbackHelps, string? Family = null);
