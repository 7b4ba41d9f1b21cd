using System.Collections.Immutable;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>Draws the requests of a scenario, the same ones from the same seed. Nothing is allocated between two of them.</summary>
public sealed class RequestStream
{
    private const double MeanSession = 5;
    private const double SessionCorrelation = 0.2;
    private const double MedianLatency = 0.8;

    /// <summary>A session ends after so many requests.</summary>
    public const int LongestSession = 20;

    /// <summary>Standard deviation of the logarithm of a latency.</summary>
    public const double LatencySpread = 0.6;

    // Most probable first: nearly every draw ends at the first comparison.
    private static readonly int[] FlagsByFrequency = [0, 4, 1, 2, 5, 3, 6, 7];

    private readonly DetectionScenario _scenario;
    private readonly SplitMix64 _random;
    private readonly MonitorBits? _monitors;
    private readonly double[][][] _cumulative;
    private readonly double[][] _sick;
    private readonly double[] _badSessions;
    private Phase _now;
    private int _phase;
    private int _left;
    private int _stage;
    private int _session = -1;
    private bool _sessionTested;
    private bool _sessionBad;
    private int _sessionLeft;

    /// <summary>The stream from its beginning.</summary>
    public RequestStream(DetectionScenario scenario, int seed)
    {
        (_scenario, _random) = (scenario, new SplitMix64((ulong)seed).Split());
        _monitors = scenario.Kind == ScenarioKind.ManyMonitors ? new(_random.Split()) : null;
        _now = scenario.Phases[0];
        _left = _now.Requests;

        // By phase: control ordinary, control attack, tested ordinary, tested attack.
        _cumulative =
        [
            .. scenario.Phases.Select(p => new[] { p.Control, p.Tested }
                .SelectMany(r => new[] { Cumulative(r, 0), Cumulative(r, 1) }).ToArray()),
        ];
        _badSessions = [.. scenario.Phases.Select(p => BadShares(p.Tested).OfSessions)];
        _sick = [Cumulative(SimulatedRelease.OnSickReplica, 0), Cumulative(SimulatedRelease.OnSickReplica, 1)];
    }

    /// <summary>The next request; false at the end.</summary>
    public bool TryNext(out SimulatedRequest request)
    {
        request = default;
        while (_left == 0)
        {
            if (_phase + 1 == _scenario.Phases.Length)
            {
                return false;
            }

            var before = _now.TestedShare;
            _now = _scenario.Phases[++_phase];
            _left = _now.Requests;
            _stage += _now.TestedShare != before ? 1 : 0;
        }

        _left--;
        if (_sessionLeft == 0)
        {
            StartSession();
        }

        _sessionLeft--;
        var stratum = _random.Uniform() < _now.AttackShare ? 1 : 0;
        var replica = _sessionTested && _scenario.Replicas > 1 ? (int)(_random.Uniform() * _scenario.Replicas) : 0;
        var flags = _monitors is null ? Flags(stratum, replica) : _monitors.Next();
        request = new()
        {
            Stage = _stage,
            Session = _session,
            Tested = _sessionTested,
            Stratum = stratum,
            Replica = replica,
            Flags = flags,
            Category = SimulatedRelease.CategoryOf(flags),
            Latency = _scenario.Kind == ScenarioKind.Latency ? Latency() : 0,
            LabelDelay = _scenario.Labels is { } delays ? Delay(delays, flags) : 0,
        };
        return true;
    }

    private int Flags(int stratum, int replica)
    {
        var cumulative = _sessionTested && IsSick(_scenario, replica) ? _sick[stratum] : _cumulative[_phase][(_sessionTested ? 2 : 0) + stratum];
        var u = _random.Uniform();
        if (_scenario.Kind == ScenarioKind.Sessions)
        {
            // A session is either good throughout or bad with one rate; both together have the release's rate on average.
            var good = cumulative[0];
            var goodWhenBad = good * (1 - SessionCorrelation);
            u = !_sessionBad ? u * good : u < goodWhenBad ? 0 : good + ((u - goodWhenBad) / (1 - goodWhenBad) * (1 - good));
        }

        var place = 0;
        while (u >= cumulative[place])
        {
            place++;
        }

        return FlagsByFrequency[place];
    }

    private float Latency()
    {
        // Box and Muller; the second normal is thrown away.
        var normal = Math.Sqrt(-2 * Math.Log(1 - _random.Uniform())) * Math.Cos(2 * Math.PI * _random.Uniform());
        return (float)(MedianLatency * Math.Exp(LatencySpread * normal) * _now.SharedSlowdown * (_sessionTested ? _now.TestedSlowdown : 1));
    }

    private float Delay(LabelDelays delays, int flags)
    {
        var mean = (_sessionTested, flags != 0) switch
        {
            (false, false) => delays.ControlGood,
            (false, true) => delays.ControlBad,
            (true, false) => delays.TestedGood,
            (true, true) => delays.TestedBad,
        };
        return (float)(mean * -Math.Log(1 - _random.Uniform()));
    }

    private void StartSession()
    {
        _session++;
        _sessionLeft = 1;
        _sessionTested = _random.Uniform() < _now.TestedShare;
        if (_scenario.Kind == ScenarioKind.Sessions)
        {
            _sessionLeft = SessionLength(_random);
            _sessionBad = _random.Chance(_badSessions[_phase]);
        }
    }

    /// <summary>Draws how many requests a session has.</summary>
    internal static int SessionLength(SplitMix64 random)
    {
        var length = 1;
        while (length < LongestSession && random.Chance(1 - (1 / MeanSession)))
        {
            length++;
        }

        return length;
    }

    /// <summary>Share of the sessions that are bad ones, and of the requests in those that fail; in the others none does.</summary>
    internal static (double OfSessions, double OfRequests) BadShares(SimulatedRelease release)
    {
        var bad = 1 - release.Outcomes()[3];
        return (bad / (bad + (SessionCorrelation * (1 - bad))), 1 - ((1 - bad) * (1 - SessionCorrelation)));
    }

    /// <summary>All requests that a phase of independent requests can have, as far as rules tell them apart, with their probabilities.</summary>
    public static IEnumerable<(SimulatedRequest Request, double Probability)> Possible(DetectionScenario scenario, int phase, int stage)
    {
        var now = scenario.Phases[phase];
        foreach (var tested in (bool[])[false, true])
        {
            var ofArm = tested ? now.TestedShare : 1 - now.TestedShare;
            if (scenario.Kind == ScenarioKind.Latency)
            {
                var slowdown = now.SharedSlowdown * (tested ? now.TestedSlowdown : 1);
                ImmutableArray<double> edges = [.. LatencyEdges, double.PositiveInfinity];
                var below = 0.0;
                foreach (var edge in edges)
                {
                    var upTo = double.IsInfinity(edge) ? 1 : NormalDistribution.Below(Math.Log(edge / slowdown / MedianLatency) / LatencySpread);
                    yield return (new() { Stage = stage, Tested = tested, Category = 3, Latency = (float)Math.Min(edge, 2 * LatencyEdges[^1]) * 0.9999f }, ofArm * (upTo - below));
                    below = upTo;
                }

                continue;
            }

            var replicas = tested ? scenario.Replicas : 1;
            for (var place = 0; place < 2 * replicas; place++)
            {
                var (replica, stratum) = Math.DivRem(place, 2);
                var ofPlace = ofArm / replicas * (stratum == 1 ? now.AttackShare : 1 - now.AttackShare);
                var release = !tested ? now.Control : IsSick(scenario, replica) ? SimulatedRelease.OnSickReplica : now.Tested;
                foreach (var (flags, probability) in release.Flags(stratum).Index())
                {
                    yield return (
                        new() { Stage = stage, Tested = tested, Stratum = stratum, Replica = replica, Flags = flags, Category = SimulatedRelease.CategoryOf(flags) },
                        ofPlace * probability);
                }
            }
        }
    }

    private static bool IsSick(DetectionScenario scenario, int replica) => scenario is { Kind: ScenarioKind.SickReplica, ChangeAt: null } && replica == 0;

    /// <summary>The eleven edges between the bins of a latency: quantiles of both arms in quiet times.</summary>
    public static ImmutableArray<double> LatencyEdges { get; } =
    [
        .. new[] { -1.2815515655446004, -0.8416212335729143, -0.5244005127080407, -0.2533471031357997, 0.0, 0.2533471031357997,
            0.5244005127080407, 0.8416212335729143, 1.2815515655446004, 1.6448536269514722, 2.3263478740408408 }
            .Select(normal => MedianLatency * Math.Exp(LatencySpread * normal)),
    ];

    private static double[] Cumulative(SimulatedRelease release, int stratum)
    {
        var flags = release.Flags(stratum);
        var sum = 0.0;
        double[] cumulative = [.. FlagsByFrequency.Select(f => sum += flags[f])];
        cumulative[^1] = double.PositiveInfinity; // Rounding must not leave a gap before 1.
        return cumulative;
    }
}
