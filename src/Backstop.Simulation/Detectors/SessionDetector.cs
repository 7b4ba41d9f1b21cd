using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule where whole sessions are assigned: a session counts once, when it has ended.</summary>
public sealed class SessionDetector(double testedShare, double controlRate, double logThreshold) : IDetector
{
    private readonly SessionTest _test = new(testedShare, controlRate, [controlRate * 1.15, controlRate * 1.4, controlRate * 1.8, controlRate * 2.8]);
    private readonly long[] _sums = new long[4];
    private int _session = -1;
    private bool _tested;
    private long _requests;
    private long _bad;

    /// <inheritdoc/>
    public bool Fires(in SimulatedRequest request)
    {
        var fires = false;
        if (request.Session != _session)
        {
            if (_requests > 0)
            {
                _test.Add(_tested, _requests, _bad, _sums);
                fires = _test.LogE(_sums) >= logThreshold;
            }

            (_session, _tested, _requests, _bad) = (request.Session, request.Tested, 0, 0);
        }

        _requests++;
        _bad += request.IsBad ? 1 : 0;
        return fires;
    }
}
