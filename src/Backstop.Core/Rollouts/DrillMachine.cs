using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Core.Rollouts;

/// <summary>A drill with the alias row it writes.</summary>
public sealed record DrillState(Drill Drill, AliasRecord Alias);

/// <summary>Something that happened to a drill.</summary>
public abstract record DrillEvent(DateTimeOffset At)
{
    /// <summary>Every reachable gateway acknowledged a generation.</summary>
    public sealed record Converged(DateTimeOffset At, long Generation) : DrillEvent(At);

    /// <summary>What gateways reported.</summary>
    /// <param name="FirstOnPrevious">When the first request since the last swap was started on the previous release, or null.</param>
    /// <param name="FirstOnCurrent">The same of the current release.</param>
    /// <param name="LateOnPrevious">Requests that were started on the previous release after this phase began.</param>
    /// <param name="LateOnCurrent">The same of the current release.</param>
    public sealed record Seen(
        DateTimeOffset At, DateTimeOffset? FirstOnPrevious, DateTimeOffset? FirstOnCurrent, long LateOnPrevious, long LateOnCurrent) : DrillEvent(At);

    /// <summary>A new owner finds it: nobody measured in between.</summary>
    public sealed record TakenUp(DateTimeOffset At) : DrillEvent(At);
}

/// <summary>Decides what a drill does next. Whatever happens, its last swap goes back to where it began.</summary>
public static class DrillMachine
{
    private static readonly TimeSpan ConvergenceDeadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ObservationDeadline = TimeSpan.FromSeconds(30);

    // Fewer say nothing about a share.
    private const long FewestRequests = 20;

    // A report of what was started in the window is under way for about this long.
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);

    /// <summary>Whether a drill should begin by itself now: before the last one is too old, and again soon when it failed.</summary>
    public static bool IsDue(AliasRecord alias, DateTimeOffset at) =>
        alias is { DrillEvery: { } every, DrillBasisPoints: not null, Previous: not null, Candidate: null, Pin: null }
        && !alias.Freezes.Any(window => window.EndOf(at) is not null)
        && alias.Drill switch
        {
            null => true,
            { EndedAt: { } ended, Failed: var failed } => at - ended >= every * (failed is null ? 0.8 : 0.1),
            _ => false,
        };

    /// <summary>Writes down that a drill failed before it began, for the previous release could not have answered.</summary>
    public static DrillState Fail(AliasRecord alias, string id, string why, DateTimeOffset at) => Swap(
        new()
        {
            Id = id,
            Alias = alias.Name,
            Previous = alias.Previous!,
            BasisPoints = alias.DrillBasisPoints ?? 0,
            HoldbackBefore = alias.HoldbackBasisPoints,
            StartedAt = at,
            Phase = DrillPhase.Over,
            Since = at,
            Failed = why,
            EndedAt = at,
        },
        alias,
        alias.HoldbackBasisPoints);

    /// <summary>Sends the slice away; or why there may be no drill.</summary>
    public static (DrillState? State, string? Refused) Begin(AliasRecord alias, string id, int basisPoints, TimeSpan warm, DateTimeOffset at)
    {
        var refused = alias.Previous is null ? $"{alias.Name} has no previous release: there is no way back that could be rehearsed"
            : alias.Candidate is not null ? $"{alias.Name} exposes a candidate: a drill in the middle of a rollout would rehearse something else"
            : alias.Pin is { } pin ? $"{alias.Name} is pinned by {pin.By}: {pin.Reason}"
            : alias.Freezes.Any(window => window.EndOf(at) is not null) ? $"nothing may rise on {alias.Name} now, so the way back from the drill is closed"
            : basisPoints <= alias.HoldbackBasisPoints ? $"{alias.HoldbackBasisPoints} basis points are on the previous release already: rehearse with more"
            : null;
        return refused is not null
            ? (null, refused)
            : (Swap(
                new()
                {
                    Id = id,
                    Alias = alias.Name,
                    Previous = alias.Previous!,
                    BasisPoints = basisPoints,
                    HoldbackBefore = alias.HoldbackBasisPoints,
                    StartedAt = at,
                    Phase = DrillPhase.GoingAway,
                    Since = at,
                    Warm = warm,
                },
                alias,
                basisPoints), null);
    }

    /// <summary>One event.</summary>
    public static DrillState Step(DrillState state, DrillEvent e)
    {
        var drill = state.Drill;
        var late = e.At - drill.Since;
        return (drill.Phase, e) switch
        {
            // Somebody else decided about the alias: their row stands.
            (not DrillPhase.Over, _) when state.Alias.Previous != drill.Previous || state.Alias.HoldbackBasisPoints != Expected(drill) =>
                End(Failing(state, "somebody else swapped the alias meanwhile"), e.At),
            (DrillPhase.Over, _) => state,
            (DrillPhase.GoingAway or DrillPhase.WatchedAway, DrillEvent.TakenUp) => GoBack(state, e.At, "the control plane stopped in the middle of it"),

            (DrillPhase.GoingAway, DrillEvent.Converged converged) when converged.Generation >= drill.Generation =>
                Enter(state with { Drill = drill with { Away = drill.Away with { Converged = late } } }, DrillPhase.WatchedAway, e.At),
            (DrillPhase.GoingAway, _) when late >= ConvergenceDeadline => GoBack(state, e.At, "not every gateway acknowledged the way to the previous release"),
            (DrillPhase.WatchedAway, DrillEvent.Seen seen) when late >= Window && IsNearer(seen, drill.BasisPoints, drill.HoldbackBefore) =>
                GoBack(state with { Drill = drill with { Away = drill.Away with { Observed = Later(seen.FirstOnPrevious, drill.Since, drill.Away) } } }, e.At, failed: null),
            (DrillPhase.WatchedAway, DrillEvent.Seen seen) when late >= ObservationDeadline => GoBack(state, e.At, NotSeen(seen, "previous")),

            (DrillPhase.GoingBack, DrillEvent.Converged converged) when converged.Generation >= drill.Generation =>
                Enter(state with { Drill = drill with { Back = drill.Back with { Converged = late } } }, DrillPhase.WatchedBack, e.At),
            (DrillPhase.GoingBack, _) when late >= ConvergenceDeadline => End(Failing(state, "not every gateway acknowledged the way back"), e.At),
            (DrillPhase.WatchedBack, DrillEvent.Seen seen) when late >= Window && IsNearer(seen, drill.HoldbackBefore, drill.BasisPoints) =>
                End(state with { Drill = drill with { Back = drill.Back with { Observed = Later(seen.FirstOnCurrent, drill.Since, drill.Back) } } }, e.At),
            (DrillPhase.WatchedBack, DrillEvent.Seen seen) when late >= ObservationDeadline => End(Failing(state, NotSeen(seen, "current")), e.At),
            _ => state,
        };
    }

    // What was started shows which of the two shares the gateways draw. All or nothing has no tolerance: one request is proof.
    private static bool IsNearer(DrillEvent.Seen seen, int wanted, int other)
    {
        var all = seen.LateOnPrevious + seen.LateOnCurrent;
        var share = all == 0 ? 0 : Route.Whole * (double)seen.LateOnPrevious / all;
        return all >= FewestRequests
            && wanted switch
            {
                0 => seen.LateOnPrevious == 0,
                Route.Whole => seen.LateOnCurrent == 0,
                _ => Math.Abs(share - wanted) < Math.Abs(share - other),
            };
    }

    private static string NotSeen(DrillEvent.Seen seen, string where) =>
        $"{seen.LateOnPrevious} of {seen.LateOnPrevious + seen.LateOnCurrent} requests were started on the previous release, which does not show that the slice went to the {where} one";

    // From the decision: the phase that is being left began when the last gateway acknowledged.
    private static TimeSpan Later(DateTimeOffset? first, DateTimeOffset convergedAt, DrillSegments segments) =>
        first - (convergedAt - (segments.Converged ?? TimeSpan.Zero)) is { } after && after > TimeSpan.Zero ? after : TimeSpan.Zero;

    private static int Expected(Drill drill) =>
        drill.Phase is DrillPhase.GoingAway or DrillPhase.WatchedAway ? drill.BasisPoints : drill.HoldbackBefore;

    private static DrillState GoBack(DrillState state, DateTimeOffset at, string? failed)
    {
        var drill = (failed is null ? state : Failing(state, failed)).Drill with { Phase = DrillPhase.GoingBack, Since = at };
        return Swap(drill, state.Alias, drill.HoldbackBefore);
    }

    // The row holds the drill: whoever owns the alias next finds it and brings it to its end.
    private static DrillState Swap(Drill drill, AliasRecord alias, int holdback)
    {
        var next = drill with { Generation = alias.Generation + 1 };
        return alias.Apply(new AliasChange.Rehearse(next, holdback), alias.Generation) is SwapResult.Swapped swapped
            ? new(next, swapped.Alias)
            : throw new System.Diagnostics.UnreachableException();
    }

    private static DrillState Failing(DrillState state, string why) => state with { Drill = state.Drill with { Failed = state.Drill.Failed ?? why } };

    private static DrillState End(DrillState state, DateTimeOffset at) =>
        Swap(state.Drill with { Phase = DrillPhase.Over, Since = at, EndedAt = at }, state.Alias, state.Alias.HoldbackBasisPoints);

    private static DrillState Enter(DrillState state, DrillPhase phase, DateTimeOffset at) =>
        state with { Drill = state.Drill with { Phase = phase, Since = at } };
}
