using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Control.Api;

/// <summary>How much more frequent an outcome may be, each as a probability; what is left out has the default.</summary>
internal sealed record MarginsRequest(
    double? Wrong = null,
    double? Unlabelled = null,
    double? ToxicBlocked = null,
    double? SchemaBlocked = null,
    double? PiiBlocked = null,
    double? InputBlocked = null,
    double? Error = null,
    double? Late = null)
{
    /// <summary>The margins by <see cref="Outcome"/>.</summary>
    /// <exception cref="RefusedException">One is not a probability.</exception>
    public ImmutableArray<double> Over(ImmutableArray<double> usual, string key)
    {
        double?[] given = [null, Wrong, Unlabelled, ToxicBlocked, SchemaBlocked, PiiBlocked, InputBlocked, Error, Late];
        return given.FirstOrDefault(margin => margin is not (null or (>= 0 and <= 1))) is { } wrong
            ? throw RefusedException.Invalid($"A margin in '{key}' is {wrong}: it is a probability, 0 to 1.")
            : [.. given.Select((margin, i) => margin ?? usual[i])];
    }
}

/// <summary>What evidence about an alias is judged by.</summary>
public sealed record MonitorView(
    double Alpha,
    double FalseRollbacksPerMonth,
    long MinUnits,
    long MinUnitsPerArm,
    long MinHistory,
    long FreshnessMs,
    double TotalMargin,
    double? LatencyMargin,
    MarginsView Margins,
    MarginsView CeilingMargins)
{
    /// <summary>The view of a plan; null when an alias has none of its own.</summary>
    public static MonitorView? Of(EvidencePlan? plan) => plan is null
        ? null
        : new(
            plan.Alpha,
            plan.FalseRollbacksPerMonth,
            plan.MinUnits,
            plan.MinUnitsPerArm,
            plan.MinHistory,
            (long)plan.Freshness.TotalMilliseconds,
            plan.TotalMargin,
            plan.LatencyMargin,
            MarginsView.Of(plan.Margins),
            MarginsView.Of(plan.CeilingMargins));
}

/// <summary>Margins by outcome.</summary>
public sealed record MarginsView(
    double Wrong, double Unlabelled, double ToxicBlocked, double SchemaBlocked, double PiiBlocked, double InputBlocked, double Error, double Late)
{
    /// <summary>The view of margins.</summary>
    public static MarginsView Of(ImmutableArray<double> m) => new(m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]);
}
