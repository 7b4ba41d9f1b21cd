using Backstop.Core.Routing;

namespace Backstop.Control.Rollouts;

/// <summary>What was seen when the release to return to was asked last.</summary>
/// <param name="Release">Its digest.</param>
/// <param name="Replicas">How many it names.</param>
/// <param name="Failed">Why a rollback could not lead there now, or null.</param>
/// <param name="BornePerSecond">Requests it answered in a second beside what it served, in a burst that ended when it was enough; null when nobody could ask.</param>
/// <param name="WantedPerSecond">Requests a second that a rollback would send there beside those it serves.</param>
public sealed record Standby(string Release, int Replicas, DateTimeOffset At, string? Failed, double? BornePerSecond, double WantedPerSecond)
{
    /// <summary>Share of the alias's traffic that it served then, in basis points.</summary>
    public int ServedBasisPoints { get; init; }

    /// <summary>Share of the alias's traffic that it bears, in basis points: the whole where it showed itself large enough, null where nobody could ask.</summary>
    public int? BearsBasisPoints => Failed is null
        ? BornePerSecond is null ? null : Route.Whole
        : ServedBasisPoints + (int)((Route.Whole - ServedBasisPoints) * Math.Min(1, WantedPerSecond > 0 ? (BornePerSecond ?? 0) / WantedPerSecond : 0));
}

/// <summary>What was seen when a release that is kept warm was asked last.</summary>
/// <param name="Failed">Which replica did not answer, or null when all did.</param>
public sealed record KeptState(string Release, DateTimeOffset At, string? Failed);
