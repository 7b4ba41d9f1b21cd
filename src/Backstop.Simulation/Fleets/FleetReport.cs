using System.Collections.Immutable;
using Backstop.Core.Rollouts;

namespace Backstop.Simulation.Fleets;

/// <summary>A promise that was broken in a run.</summary>
/// <param name="Checker">Who noticed.</param>
/// <param name="Count">How often.</param>
/// <param name="First">The first times, in words.</param>
public sealed record Violation(string Checker, string Promise, long Count, ImmutableArray<string> First);

/// <summary>How a run of the simulated fleet went. Times are in seconds of the virtual clock.</summary>
public sealed record FleetReport
{
    public required ulong Seed { get; init; }

    public required FleetRelease Release { get; init; }

    /// <summary>Where the rollout ended, or null when it was never submitted.</summary>
    public required RolloutStatus? Outcome { get; init; }

    /// <summary>Name of the release that is current at the end.</summary>
    public required string Active { get; init; }

    /// <summary>The alias's generation at the end.</summary>
    public required long Generation { get; init; }

    /// <summary>Requests that gateways started, from the beginning.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests started from the first exposure until the rollback was committed, on any release; null without a rollback.</summary>
    public required long? RequestsToDetect { get; init; }

    /// <summary>Of those, the ones on the tested release; all of them when there was no rollback.</summary>
    public required long RequestsExposed { get; init; }

    /// <summary>From the first exposure to the commit of the rollback.</summary>
    public required double? DetectedAfter { get; init; }

    /// <summary>From that commit until every gateway had acknowledged it, or its lease had run out.</summary>
    public required double? ConvergedAfter { get; init; }

    /// <summary>From there until it was verified on observed traffic.</summary>
    public required double? VerifiedAfter { get; init; }

    /// <summary>Requests started on the tested release after that convergence.</summary>
    public required long ServedAfterConvergence { get; init; }

    /// <summary>Whether any incident blames the release; null when there was none.</summary>
    public required bool? ReleaseToBlame { get; init; }

    /// <summary>Why the last incident was opened.</summary>
    public required string? Incident { get; init; }

    /// <summary>Crashes and cuts.</summary>
    public required int Mishaps { get; init; }

    public required long MessagesLost { get; init; }

    public required long MessagesDoubled { get; init; }

    public required long MessagesDetoured { get; init; }

    /// <summary>Broken promises; empty when all held.</summary>
    public required ImmutableArray<Violation> Violations { get; init; }

    /// <summary>SHA-256 of the trace, in lower-case hex.</summary>
    public required string TraceDigest { get; init; }
}
