using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Simulation.Replay;

/// <summary>What was assigned: single requests, or users with all of theirs.</summary>
/// <param name="Requests">One entry for each thing that was assigned, in the order of time.</param>
/// <param name="AreRequests">Whether single requests were assigned.</param>
/// <param name="Broken">Why the arms cannot be compared, or null.</param>
public sealed record Units(ImmutableArray<RecordedRequest> Requests, bool AreRequests, string? Note, string? Broken)
{
    private const int FirstOfUnit = 5;
    private const double StrayShare = 0.01;
    private const int FewestStray = 5;

    // From the worst: what a unit counts as when its requests differ.
    private static readonly Outcome[] Worst =
    [
        Outcome.PiiBlocked, Outcome.ToxicBlocked, Outcome.SchemaBlocked, Outcome.Error, Outcome.Late, Outcome.Wrong, Outcome.Unlabelled,
        Outcome.InputBlocked, Outcome.Correct,
    ];

    /// <summary>Finds out what was assigned in a recording that is in the order of time.</summary>
    /// <remarks>
    /// The requests of one user resemble each other; counted one by one they would fire far too often. Where units keep their
    /// arm and come again, each counts once: by the worst of its first five requests, when the fifth came or the file ends.
    /// </remarks>
    public static Units Of(ImmutableArray<RecordedRequest> requests)
    {
        var units = requests.Where(r => r.Unit is not null).GroupBy(r => r.Unit!, StringComparer.Ordinal)
            .Where(u => u.Skip(1).Any()).ToList();
        if (units.Count == 0)
        {
            return new(requests, AreRequests: true, null, null);
        }

        var both = units.Where(u => u.Any(r => r.Tested) && u.Any(r => !r.Tested)).ToList();
        if (both.Count * 2 > units.Count)
        {
            return new(requests, AreRequests: true, "most units that come again are in both arms: requests were assigned one by one", null);
        }

        // A ramp moves a unit to the candidate once, and that is no fault.
        var stray = both.Where(u => u.SkipWhile(r => !r.Tested).Any(r => !r.Tested)).ToList();
        if (stray.Count >= FewestStray && stray.Count > StrayShare * units.Count)
        {
            var first = stray[0].SkipWhile(r => !r.Tested).First(r => !r.Tested);
            return new(requests, AreRequests: true, null,
                $"{stray.Count} of {units.Count} units went back from the candidate to the baseline, such as '{first.Unit}' in line {first.Line}: the assignment does not hold");
        }

        return new([.. Collapsed(requests).OrderBy(r => r.T)], AreRequests: false, "units keep their arm: each counts once, by its first five requests", null);
    }

    private static IEnumerable<RecordedRequest> Collapsed(ImmutableArray<RecordedRequest> requests) =>
        requests.GroupBy(r => r.Unit ?? $"line {r.Line}", StringComparer.Ordinal).Select(unit =>
        {
            // After a ramp moved it a unit says nothing more.
            RecordedRequest[] first = [.. unit.TakeWhile(r => r.Tested == unit.First().Tested).Take(FirstOfUnit)];
            var names = first.SelectMany(r => r.Signals.Keys).Distinct(StringComparer.Ordinal);
            return first[^1] with
            {
                Outcome = Worst.First(o => first.Any(r => r.Outcome == o)),
                Share = first[0].Share,
                Signals = names.ToImmutableSortedDictionary(
                    n => n, n => first.Where(r => r.Signals.ContainsKey(n)).Average(r => r.Signals[n]), StringComparer.Ordinal),
            };
        });
}
