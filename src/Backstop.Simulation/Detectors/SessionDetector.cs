using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule where whole sessions are assigned: a session counts once, when it has ended.</summary>
/// <param name="bounds">Of the table that <see cref="TableOf"/> makes.</param>
public sealed class SessionDetector(EvidenceBounds bounds, double logThreshold) : IDetector
{
    private const int Longest = RequestStream.LongestSession;

    private readonly RunningEvidence _evidence = new(bounds, logThreshold);
    private int _session = -1;
    private bool _tested;
    private int _requests;
    private int _bad;

    /// <summary>What a session of each arm, length and number of bad requests adds to the test's sums, to the last bit.</summary>
    public static IncrementTable TableOf(SessionTest test)
    {
        var increments = new double[2 * (Longest + 1) * (Longest + 1)][];
        for (var cell = 0; cell < increments.Length; cell++)
        {
            var (session, bad) = Math.DivRem(cell, Longest + 1);
            var (tested, requests) = Math.DivRem(session, Longest + 1);
            var sums = new long[test.Components];
            test.Add(tested == 1, requests, Math.Min(bad, requests), sums);
            increments[cell] = Array.ConvertAll(sums, SessionTest.Nats);
        }

        return new([.. Enumerable.Repeat(1.0 / test.Components, test.Components)], increments.Length, (cell, j) => increments[cell][j]);
    }

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var reaction = default(Reaction);
        if (request.Session != _session)
        {
            reaction = _requests > 0 ? Count(_tested, _requests, _bad) : default;
            (_session, _tested, _requests, _bad) = (request.Session, request.Tested, 0, 0);
        }

        _requests++;
        _bad += request.IsBad ? 1 : 0;
        return reaction;
    }

    /// <summary>One more session that has ended, and what the rule does now.</summary>
    public Reaction Count(bool tested, int requests, int bad) =>
        Reaction.RollBackIf(_evidence.Reaches(((((tested ? 1 : 0) * (Longest + 1)) + requests) * (Longest + 1)) + bad));
}
