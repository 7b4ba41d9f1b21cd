using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule where whole sessions are assigned: a session counts once, when it has ended.</summary>
public sealed class SessionDetector(SessionTest test, double logThreshold) : IDetector
{
    private readonly long[] _sums = new long[test.Components];
    private int _session = -1;
    private bool _tested;
    private long _requests;
    private long _bad;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var fires = false;
        if (request.Session != _session)
        {
            if (_requests > 0)
            {
                test.Add(_tested, _requests, _bad, _sums);
                fires = test.LogE(_sums) >= logThreshold;
            }

            (_session, _tested, _requests, _bad) = (request.Session, request.Tested, 0, 0);
        }

        _requests++;
        _bad += request.IsBad ? 1 : 0;
        return Reaction.RollBackIf(fires);
    }
}
