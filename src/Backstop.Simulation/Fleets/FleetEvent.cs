using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Simulation.Fleets;

/// <summary>How many requests of one arm of one generation.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct StageCount(long Generation, Arm Arm, long Requests);

/// <summary>Names a batch for ever.</summary>
public readonly record struct BatchName(string Gateway, string Start, long Sequence);

/// <summary>Something that happened in a simulated fleet, as an onlooker sees it: all that checkers know.</summary>
/// <param name="At">When.</param>
/// <param name="Who">The node it happened at.</param>
public abstract record FleetEvent(DateTimeOffset At, string Who)
{
    /// <summary>The line it makes in the trace; null for what happens with every request.</summary>
    public abstract string? Line { get; }

    /// <summary>A gateway is about to send a request to a release.</summary>
    public sealed record Started(DateTimeOffset At, string Who, long Generation, Arm Arm, string Release) : FleetEvent(At, Who)
    {
        public override string? Line => null;
    }

    /// <summary>A gateway serves this generation from now on.</summary>
    /// <param name="FromDisk">It just started, and this is what it had written down.</param>
    public sealed record Applied(DateTimeOffset At, string Who, long Generation, bool FromDisk) : FleetEvent(At, Who)
    {
        public override string Line => FromDisk ? $"serves generation {Generation} from disk" : $"serves generation {Generation}";
    }

    /// <summary>A gateway may go on exposing the candidate.</summary>
    public sealed record LeaseRenewed(DateTimeOffset At, string Who, long Generation) : FleetEvent(At, Who)
    {
        public override string Line => $"lease of generation {Generation} renewed";
    }

    /// <summary>A gateway told control which generation it serves.</summary>
    public sealed record Acknowledged(DateTimeOffset At, string Who, long Generation) : FleetEvent(At, Who)
    {
        public override string Line => $"acknowledges generation {Generation}";
    }

    /// <summary>A gateway closed a batch.</summary>
    public sealed record Shipped(DateTimeOffset At, string Who, BatchName Batch, ImmutableArray<StageCount> Counts) : FleetEvent(At, Who)
    {
        public override string Line =>
            $"ships {Batch.Start}/{Batch.Sequence}: {string.Join(", ", Counts.Select(c => $"{c.Requests} {c.Arm} of {c.Generation}"))}";
    }

    /// <summary>Control merged a batch that it had not seen.</summary>
    public sealed record Merged(DateTimeOffset At, string Who, BatchName Batch) : FleetEvent(At, Who)
    {
        public override string Line => $"merges {Batch.Start}/{Batch.Sequence}";
    }

    /// <summary>Control told a gateway that a batch is stored and may be forgotten.</summary>
    public sealed record Stored(DateTimeOffset At, string Who, BatchName Batch) : FleetEvent(At, Who)
    {
        public override string Line => $"stored {Batch.Start}/{Batch.Sequence}";
    }

    /// <summary>The form counts that control's evidence holds.</summary>
    public sealed record Counted(DateTimeOffset At, string Who, ImmutableArray<StageCount> Counts) : FleetEvent(At, Who)
    {
        public override string? Line => null;
    }

    /// <summary>Control judged the tested release by some generations.</summary>
    public sealed record Judged(DateTimeOffset At, string Who, Contrast Contrast, Verdict Verdict, long Units, string Reason) : FleetEvent(At, Who)
    {
        public override string Line =>
            $"judges {string.Join('+', Contrast.Stages.Select(s => s.Key.Generation))}: {Verdict} after {Units}: {Reason}";
    }

    /// <summary>The store committed a rollout and its alias row.</summary>
    /// <param name="Current">Name of the release in that place of the row; likewise the next two.</param>
    /// <param name="Tested">Name of the release that the rollout exposes.</param>
    /// <param name="Baseline">Name of the release it started from.</param>
    public sealed record Committed(
        DateTimeOffset At, string Who, long Generation, RolloutStatus Status, string Current,
        string? Candidate, int CandidateBasisPoints, string? Previous, int HoldbackBasisPoints,
        string Tested, string Baseline, bool IsAborted) : FleetEvent(At, Who)
    {
        /// <summary>When it was decided, where the store took its time since; else null.</summary>
        public DateTimeOffset? DecidedAt { get; init; }

        /// <summary>Share of the traffic that the tested release gets.</summary>
        public int Exposure => Current == Tested ? Route.Whole - HoldbackBasisPoints : Candidate == Tested ? CandidateBasisPoints : 0;

        public override string Line =>
            $"commits {Status} at generation {Generation}: {Current}"
            + (Candidate is null ? "" : $", {CandidateBasisPoints} bp of {Candidate}")
            + (Previous is null ? "" : $", {HoldbackBasisPoints} bp held back on {Previous}");
    }

    /// <summary>A process died.</summary>
    public sealed record Crashed(DateTimeOffset At, string Who) : FleetEvent(At, Who)
    {
        public override string Line => "crashes";
    }

    /// <summary>A new process on the same disk.</summary>
    /// <param name="Generation">What the store says, when it is control.</param>
    public sealed record Restarted(DateTimeOffset At, string Who, long? Generation) : FleetEvent(At, Who)
    {
        public override string Line => Generation is null ? "starts" : $"starts at generation {Generation}";
    }

    /// <summary>A gateway is cut off from control, or no longer.</summary>
    public sealed record Parted(DateTimeOffset At, string Who, bool Healed) : FleetEvent(At, Who)
    {
        public override string Line => Healed ? "is reachable again" : "is cut off";
    }

    /// <summary>Control opened an incident.</summary>
    public sealed record Incident(DateTimeOffset At, string Who, bool Blamed, string Reason) : FleetEvent(At, Who)
    {
        public override string Line => $"opens an incident, {(Blamed ? "the release is to blame" : "nobody is to blame yet")}: {Reason}";
    }

    /// <summary>Control calls a person.</summary>
    public sealed record Paged(DateTimeOffset At, string Who, string Reason) : FleetEvent(At, Who)
    {
        public override string Line => $"pages: {Reason}";
    }

    /// <summary>Something that both releases depend on broke.</summary>
    public sealed record WorldBroke(DateTimeOffset At, string Who) : FleetEvent(At, Who)
    {
        public override string Line => "breaks what both releases depend on";
    }
}
