using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule with both guards of its assumption: the share that was planned is the share that is drawn.</summary>
/// <remarks>
/// Every twenty requests: an assignment that does not match the plan freezes all decisions; and a rollback needs, beside the
/// table, evidence that makes no use of the share.
/// </remarks>
public sealed class GuardedDetector(JointTable table, double plannedShare, double logThreshold) : IDetector
{
    private const int Epoch = 20;
    private static readonly double AssignmentThreshold = -Math.Log(new EvidencePlan().AssignmentAlpha);
    private static readonly double Confirmed = Math.Log(new EvidencePlan().Confirmation);

    private readonly long[] _counts = new long[table.Cells];
    private readonly long[] _control = new long[table.BadCategories + 1];
    private readonly long[] _tested = new long[table.BadCategories + 1];
    private readonly OddsRatioTest _confirmation = new(table.BadCategories, OddsRatioTest.DefaultRatios);
    private long _requests;
    private long _testedRequests;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        _counts[table.CellOf(0, 0, request.Tested, request.Category)]++;
        (request.Tested ? _tested : _control)[request.Category]++;
        _testedRequests += request.Tested ? 1 : 0;
        if (++_requests % Epoch != 0)
        {
            return default;
        }

        _confirmation.Add(_control, _tested);
        Array.Clear(_control);
        Array.Clear(_tested);
        return AssignmentTest.LogE([_testedRequests, _requests - _testedRequests], [plannedShare, 1 - plannedShare]) >= AssignmentThreshold
            ? new(ReactionKind.Freeze)
            : Reaction.RollBackIf(table.LogE(_counts) >= logThreshold && _confirmation.LogE >= Confirmed);
    }
}
