using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Canary analysis as Kayenta does it: every ten minutes a Mann–Whitney test on the arms' means per minute.</summary>
/// <remarks>It fires when the tested arm's minutes rank higher with 98 % confidence. Each look is a fresh chance to err.</remarks>
public sealed class MannWhitneyJudge : IDetector
{
    private readonly Func<SimulatedRequest, double> _value;

    private const int Minute = 240;
    private const int MinutesPerLook = 10;
    private const double Critical = 2.326;
    private readonly List<double> _tested = [];
    private readonly List<double> _control = [];
    private double _testedSum;
    private double _controlSum;
    private int _testedRequests;
    private int _controlRequests;
    private int _requests;

    private MannWhitneyJudge(Func<SimulatedRequest, double> value) => _value = value;

    /// <summary>Judges failure rates.</summary>
    public static MannWhitneyJudge OfFailures() => new(r => r.IsBad ? 1 : 0);

    /// <summary>Judges mean latencies.</summary>
    public static MannWhitneyJudge OfLatency() => new(r => r.Latency);

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        if (request.Tested)
        {
            _testedSum += _value(request);
            _testedRequests++;
        }
        else
        {
            _controlSum += _value(request);
            _controlRequests++;
        }

        if (++_requests % Minute != 0)
        {
            return default;
        }

        if (_testedRequests > 0 && _controlRequests > 0)
        {
            _tested.Add(_testedSum / _testedRequests);
            _control.Add(_controlSum / _controlRequests);
        }

        (_testedSum, _controlSum, _testedRequests, _controlRequests) = (0, 0, 0, 0);
        return Reaction.RollBackIf(_requests % (Minute * MinutesPerLook) == 0 && _tested.Count > 1 && Score() > Critical);
    }

    // The normal approximation of U, ties counted half and taken out of the variance.
    private double Score()
    {
        double n = _tested.Count, m = _control.Count, u = 0;
        foreach (var tested in _tested)
        {
            foreach (var control in _control)
            {
                u += tested > control ? 1 : tested == control ? 0.5 : 0;
            }
        }

        var ties = _tested.Concat(_control).GroupBy(rate => rate).Sum(g => Math.Pow(g.Count(), 3) - g.Count());
        var all = n + m;
        var variance = n * m / 12 * (all + 1 - (ties / (all * (all - 1))));
        return variance > 0 ? (u - (n * m / 2)) / Math.Sqrt(variance) : 0;
    }
}
