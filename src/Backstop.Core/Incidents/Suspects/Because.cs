using System.Collections.Immutable;
using System.Globalization;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Puts evidence into words.</summary>
internal static class Because
{
    // A reason is a signal that moved (e to 1) and that this cause moves more often than not.
    private const double Telling = 1;
    private const double Expected = 0.3;

    /// <summary>What speaks loudest for a cause.</summary>
    public static string Of(Cause cause, IncidentCase incident, ImmutableArray<Movement> signals, ImmutableArray<ArmContrast> contrasts)
    {
        var reasons = signals
            .Where(s => s.LogBayesFactor > Telling && SignatureTable.Moves(s.Name, cause) >= Expected)
            .OrderByDescending(s => s.LogBayesFactor * SignatureTable.Moves(s.Name, cause))
            .Take(2)
            .Select(Sentence)
            .ToList();
        var reach = SignatureTable.ReachOf(cause);
        if (contrasts.FirstOrDefault(c => reach switch
            {
                Reach.Release => c.Pattern.BlamesRelease,
                Reach.Shared or Reach.Slice => c.Pattern.ForbidsRollback,
                _ => c.Pattern.None >= Diagnosis.Sure,
            }) is { Counts: { } counts })
        {
            reasons.Add(Sentence(counts));
        }

        if (ChangePrior.Nearest(cause, incident) is { At: { } at } change)
        {
            reasons.Add($"{change.What ?? string.Join(" and ", change.Parts)} changed {Minutes(incident.Onset!.At!.Value - at)} it began");
        }

        return reasons.Count == 0 ? "nothing measured speaks for it" : string.Join("; ", reasons);
    }

    /// <summary>Everything that was measured: the contrasts, then the signals, the most telling first.</summary>
    public static ImmutableArray<Evidence> Everything(IncidentCase incident, ImmutableArray<Movement> signals, ImmutableArray<ArmContrast> contrasts) =>
    [
        .. contrasts.Select(c => new Evidence(c.Counts.Name, Sentence(c.Counts), null, c.Pattern)),
        .. signals.OrderByDescending(s => Math.Abs(s.LogBayesFactor)).Select(s => new Evidence(s.Name, $"{Sentence(s)}{Verdict(s.LogBayesFactor)}", s.LogBayesFactor, null)),
    ];

    private static string Verdict(double log) => Invariant($", {(log >= 0 ? "moved" : "did not move")} ({Math.Exp(Math.Abs(log)):0.#} to 1)");

    private static string Sentence(ArmCounts counts) =>
        $"{Words(counts.Name)} {Share(counts.Production)} on the release, {Share(counts.Holdback)} on the holdback{(counts.Baseline is { } usual ? $", {Share(usual)} before" : "")}";

    private static string Sentence(Movement movement)
    {
        var signal = movement.Readings.MaxBy(SignalChange.LogBayesFactor)!;
        var name = $"{Words(signal.GivenAs ?? signal.Name)}{(signal.What is { } what ? $" of {what}" : "")}";
        return signal is { Before: { } before, After: { } after, Stated: null } ? $"{name} from {Value(before)} to {Value(after)}" : $"{name} as its detector states";
    }

    private static string Value(Reading reading) => reading.Hits is { } hits ? Percent(hits / reading.N) : Invariant($"{reading.Mean:0.###}");

    private static string Share(Count count) => Percent(count.Share);

    private static string Percent(double share) => Invariant($"{share * 100:0.0} %");

    private static string Words(string name) => name.Replace('_', ' ');

    private static string Minutes(TimeSpan before) => Invariant($"{Math.Abs(before.TotalMinutes):0} min {(before >= TimeSpan.Zero ? "before" : "after")}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
