using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Feeds a rule with outcomes in the order in which their labels arrive: what counting on arrival does.</summary>
/// <remarks>While labels are under way the arm whose bad ones come sooner looks worse than it is.</remarks>
public sealed class LabelArrival(IDetector rule) : IDetector
{
    private readonly PriorityQueue<SimulatedRequest, double> _underWay = new();
    private long _requests;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var now = ++_requests / LabelDelays.Rate;
        _underWay.Enqueue(request, now + request.LabelDelay);
        while (_underWay.TryPeek(out _, out var at) && at <= now)
        {
            var reaction = rule.Watch(_underWay.Dequeue());
            if (reaction.Kind != ReactionKind.None)
            {
                return reaction;
            }
        }

        return default;
    }
}
