using System.Collections.Immutable;

namespace Backstop.Core.Routing;

/// <summary>Who answers when the release that should does not.</summary>
public static class Succession
{
    /// <summary>The releases that stand in for the assigned one, in the order in which they are asked.</summary>
    /// <remarks>
    /// The trusted side of a split always stands in for the side under suspicion, and only what the alias's owner named
    /// stands in for the trusted side: a release that answers for all others would hide that they are bad.
    /// </remarks>
    public static ImmutableArray<string> After(Route route, Assignment assignment)
    {
        string? trusted = assignment.Arm switch
        {
            Arm.Candidate => route.Current,
            Arm.Baseline when assignment.Variant is not null => route.Current,
            Arm.Baseline when route.HoldbackBasisPoints > 0 => route.Previous,
            _ => null,
        };
        var named = route.Traffic.Fallbacks.Select(fallback => fallback switch
        {
            Fallback.ToPrevious => route.Previous,
            Fallback.ToRelease release => release.Release,
            _ => null,
        });
        return [.. named.Prepend(trusted).OfType<string>().Where(release => release != assignment.Release).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Who a request is sent to when releases were dropped at this gateway: the assigned one, else the first that stands in and was not.</summary>
    /// <remarks>Somebody decided that a release must not be asked, so here current and previous stand in for each other, too.</remarks>
    public static string First(Route route, Assignment assignment, Func<string, bool> isDropped) => isDropped(assignment.Release)
        ? After(route, assignment).Append(route.Current).Concat(route.Previous is { } previous ? [previous] : [])
            .FirstOrDefault(release => !isDropped(release), assignment.Release)
        : assignment.Release;
}
