namespace Backstop.Control.Rollouts;

/// <summary>What was seen when the release to return to was asked last.</summary>
/// <param name="Release">Its digest.</param>
/// <param name="Replicas">How many it names.</param>
/// <param name="Failed">Why a rollback could not lead there now, or null.</param>
/// <param name="BornePerSecond">Requests it answered in a second beside what it served, in a burst that ended when it was enough; null when nobody could ask.</param>
/// <param name="WantedPerSecond">Requests a second that a rollback would send there beside those it serves.</param>
public sealed record Standby(string Release, int Replicas, DateTimeOffset At, string? Failed, double? BornePerSecond, double WantedPerSecond);
