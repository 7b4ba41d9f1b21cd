using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Several monitors of one alias: the first that fires rolls back.</summary>
public sealed class AnyOf(IDetector[] monitors) : IDetector
{
    /// <summary>The monitors, in the order of their failure bits.</summary>
    public IReadOnlyList<IDetector> Monitors => monitors;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        for (var i = 0; i < monitors.Length; i++)
        {
            // Each monitor sees its own failure bit and nothing else.
            var reaction = monitors[i].Watch(request with { Flags = request.Flags >> i & 1 });
            if (reaction.Kind != ReactionKind.None)
            {
                return reaction;
            }
        }

        return default;
    }
}
