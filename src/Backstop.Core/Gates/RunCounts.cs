using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>How often a release failed the cases of a gate.</summary>
/// <param name="Runs">Answers asked for.</param>
/// <param name="Failures">Answers that failed a check.</param>
/// <param name="Errors">Runs of which nobody knows the outcome.</param>
public sealed record RunCounts(int Runs, int Failures, int Errors)
{
    /// <summary>Failures by the check that was failed, and errors by their reason.</summary>
    public ImmutableSortedDictionary<string, int> Reasons { get; init; } = ImmutableSortedDictionary<string, int>.Empty;

    /// <summary>Runs with a known outcome.</summary>
    public int Known => Runs - Errors;

    /// <summary>The answer about a release.</summary>
    /// <remarks>
    /// An error may hide a failure or a pass. So the answer is given only when no outcome of the unknown runs could change it.
    /// </remarks>
    /// <param name="failIfMoreThan">The release fails when more answers than this fail.</param>
    /// <param name="runs">Answers that the gate asks for.</param>
    public GateVerdict Judge(int failIfMoreThan, int runs) =>
        Failures > failIfMoreThan ? GateVerdict.Failed
        : Failures + Errors > failIfMoreThan || Runs < runs ? GateVerdict.Inconclusive
        : GateVerdict.Passed;

    /// <summary>The counts of these outcomes.</summary>
    public static RunCounts Of(IReadOnlyCollection<RunOutcome> outcomes) => new(
        outcomes.Count, outcomes.Count(o => o is RunOutcome.Failed), outcomes.Count(o => o is RunOutcome.Unknown))
    {
        Reasons = outcomes.Select(ReasonOf).OfType<string>().GroupBy(r => r, StringComparer.Ordinal)
            .ToImmutableSortedDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal),
    };

    /// <summary>Both together.</summary>
    public static RunCounts operator +(RunCounts a, RunCounts b) => new(a.Runs + b.Runs, a.Failures + b.Failures, a.Errors + b.Errors)
    {
        Reasons = a.Reasons.Concat(b.Reasons).GroupBy(r => r.Key, StringComparer.Ordinal)
            .ToImmutableSortedDictionary(g => g.Key, g => g.Sum(r => r.Value), StringComparer.Ordinal),
    };

    /// <inheritdoc cref="op_Addition"/>
    public RunCounts Add(RunCounts other) => this + other;

    private static string? ReasonOf(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Failed { Check: var check } => check,
        RunOutcome.Unknown { Reason: var reason } => "error: " + reason,
        _ => null,
    };
}
