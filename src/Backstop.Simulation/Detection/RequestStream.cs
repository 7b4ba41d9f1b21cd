using System.Runtime.InteropServices;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>One finished request.</summary>
/// <param name="Stage">Number of its stage: which share it was drawn with.</param>
/// <param name="Stratum">1 for a flagged attack.</param>
/// <param name="Category">0 toxic, 1 schema failure, 2 wrong, 3 correct.</param>
/// <param name="Session">Number of its session; every request is its own where nothing is sticky.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SimulatedRequest(int Stage, bool Tested, int Stratum, int Category, int Session)
{
    /// <summary>Whether it failed in any way.</summary>
    public bool IsBad => Category < 3;
}

/// <summary>Draws the requests of a scenario, the same ones from the same seed.</summary>
public sealed class RequestStream
{
    private const double MeanSession = 5;
    private const int LongestSession = 20;
    private const double SessionCorrelation = 0.2;

    private readonly DetectionScenario _scenario;
    private readonly SplitMix64 _random;
    private readonly double[][][] _cumulative;
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
        _left = scenario.Phases[0].Requests;

        // By phase: control ordinary, control attack, tested ordinary, tested attack.
        _cumulative =
        [
            .. scenario.Phases.Select(p => new[] { p.Control, p.Tested }
                .SelectMany(r => new[] { Cumulative(r, 0), Cumulative(r, 1) }).ToArray()),
        ];
    }

    /// <summary>The next request; false at the end.</summary>
    public bool TryNext(out SimulatedRequest request)
    {
        while (_left == 0)
        {
            if (++_phase == _scenario.Phases.Length)
            {
                _phase--;
                request = default;
                return false;
            }

            _left = _scenario.Phases[_phase].Requests;
            _stage += _scenario.Phases[_phase].TestedShare != _scenario.Phases[_phase - 1].TestedShare ? 1 : 0;
        }

        _left--;
        var phase = _scenario.Phases[_phase];
        if (_sessionLeft == 0)
        {
            StartSession(phase);
        }

        _sessionLeft--;
        var stratum = _random.Uniform() < SimulatedRelease.AttackShare ? 1 : 0;
        request = new(_stage, _sessionTested, stratum, Category(stratum), _session);
        return true;
    }

    private int Category(int stratum)
    {
        var cumulative = _cumulative[_phase][(_sessionTested ? 2 : 0) + stratum];
        var u = _random.Uniform();
        if (_scenario.ResultsDependOnSession)
        {
            // A session is either good throughout or bad with one rate; both together have the release's rate on average.
            var bad = cumulative[2];
            var rate = bad + (SessionCorrelation * (1 - bad));
            u = _sessionBad ? u * bad / rate : bad + (u * (1 - bad));
        }

        return u < cumulative[0] ? 0 : u < cumulative[1] ? 1 : u < cumulative[2] ? 2 : 3;
    }

    private void StartSession(Phase phase)
    {
        _session++;
        _sessionLeft = 1;
        _sessionTested = _random.Uniform() < phase.TestedShare;
        if (_scenario.ResultsDependOnSession)
        {
            while (_sessionLeft < LongestSession && _random.Uniform() < 1 - (1 / MeanSession))
            {
                _sessionLeft++;
            }

            var bad = 1 - phase.Tested.Outcomes()[3];
            _sessionBad = _random.Uniform() < bad / (bad + (SessionCorrelation * (1 - bad)));
        }
    }

    private static double[] Cumulative(SimulatedRelease release, int stratum)
    {
        var outcomes = release.Outcomes(stratum);
        return [outcomes[0], outcomes[0] + outcomes[1], outcomes[0] + outcomes[1] + outcomes[2]];
    }
}
