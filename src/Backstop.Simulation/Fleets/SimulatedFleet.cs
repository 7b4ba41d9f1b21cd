using System.Collections.Immutable;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Fleets.Invariants;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>A whole fleet in one process on one clock, from one seed: the same loop as in production, and the checkers that watch it.</summary>
/// <remarks>
/// Decisions, evidence and routes are those of Backstop.Core, nothing is imitated. What is simulated is the world around
/// them: gateways, control, their streams, model servers, users, and everything that goes wrong.
/// </remarks>
public sealed class SimulatedFleet
{
    /// <summary>The alias that all users call.</summary>
    public const string Alias = "assistant:prod";

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private readonly FleetOptions _options;
    private readonly Chronicle _chronicle = new();
    private readonly World _world;
    private readonly SimulatedControl _control;
    private readonly Mishaps _mishaps;
    private readonly string _candidate;

    private SimulatedFleet(FleetOptions options)
    {
        _options = options;
        var random = new SplitMix64(options.Seed);
        var time = new VirtualTime();
        _world = new(
            options, time, new(time, options.Faults, random.Split()), new(time.Now, Invariant.All(options.CandidateLease), _chronicle.See));
        var good = _world.Add(SimulatedRelease.V7);
        _candidate = _world.Add(options.Release == FleetRelease.Bad ? SimulatedRelease.V8 : SimulatedRelease.V7 with { Name = "v8" }).Digest;
        // The store's draws are its own, so that its speed does not shift anybody else's.
        _control = new(_world, new(new AliasRecord { Name = Alias, Current = good.Digest, Salt = "first", CandidateLease = options.CandidateLease }), new(options.Seed ^ 0xD15C));
        ImmutableArray<SimulatedGateway> gateways =
            [.. Enumerable.Range(1, options.Gateways).Select(i => new SimulatedGateway($"g{i}", i % options.Regions, _world, _control, random.Split()))];
        foreach (var gateway in gateways)
        {
            gateway.Start();
        }

        _mishaps = new(_world, _control, gateways, random.Split());
    }

    /// <summary>The trace so far.</summary>
    public string Trace => _world.Log.Trace;

    /// <summary>Runs one fleet from its seed to rest.</summary>
    public static FleetReport Run(FleetOptions options) => Run(options, out _);

    /// <summary>Runs one fleet from its seed to rest.</summary>
    /// <param name="trace">What happened, line by line.</param>
    public static FleetReport Run(FleetOptions options, out string trace)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Gateways, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Rate);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Regions, 1);
        var fleet = new SimulatedFleet(options);
        fleet.Play();
        trace = fleet.Trace;
        return fleet.Report();
    }

    private void Play()
    {
        var time = _world.Time;
        time.After(_options.WarmUp, Promote);
        time.After(_options.WarmUp + _options.FaultsFor, _mishaps.End);
        if (_options.Release == FleetRelease.Shared)
        {
            time.After(_options.WarmUp + _options.SharedFaultAfter, _world.Break);
        }

        time.RunFor(_options.WarmUp + _options.FaultsFor);
        var left = _options.Longest - _options.FaultsFor;
        while (!IsAtRest() && left > TimeSpan.Zero)
        {
            time.RunFor(TimeSpan.FromSeconds(1));
            left -= TimeSpan.FromSeconds(1);
        }

        // What a rollback left behind would show now, and what is still under way arrives.
        time.RunFor(Settling);
        _control.Count();
        foreach (var invariant in _world.Log.Invariants)
        {
            invariant.End();
        }
    }

    private void Promote()
    {
        if (_control.Store.Rollout is null)
        {
            _control.Promote(_candidate);
            _world.Time.After(Retry, Promote);
        }
    }

    // A hold has no end of its own: whoever broke the world must mend it first.
    private bool IsAtRest() => _control.Store.Rollout is { } rollout && (rollout.IsTerminal || rollout.Status == RolloutStatus.Held);

    private FleetReport Report() => new()
    {
        Seed = _options.Seed,
        Release = _options.Release,
        Outcome = _control.Store.Rollout?.Status,
        Active = _world.NameOf(_control.Store.Alias.Current)!,
        Generation = _control.Store.Alias.Generation,
        Requests = _chronicle.Requests,
        RequestsToDetect = _chronicle.Detected is null ? null : _chronicle.RequestsToDetect,
        RequestsExposed = _chronicle.RequestsExposed,
        DetectedAfter = Seconds(_chronicle.Exposed, _chronicle.Detected),
        ConvergedAfter = Seconds(_chronicle.Detected, _chronicle.Converged),
        VerifiedAfter = Seconds(_chronicle.Converged, _chronicle.Verified),
        ServedAfterConvergence = _chronicle.ServedAfterConvergence,
        ReleaseToBlame = _chronicle.ReleaseToBlame,
        Incident = _chronicle.Incident,
        Mishaps = _mishaps.Count,
        MessagesLost = _world.Network.Lost,
        MessagesDoubled = _world.Network.Doubled,
        MessagesDetoured = _world.Network.Detoured,
        Violations =
        [
            .. _world.Log.Invariants.Where(i => i.Count > 0)
                .Select(i => new Violation(i.GetType().Name, i.Promise, i.Count, [.. i.Violations])),
        ],
        TraceDigest = _world.Log.Digest(),
    };

    private static double? Seconds(DateTimeOffset? from, DateTimeOffset? to) => (to - from)?.TotalSeconds;
}
