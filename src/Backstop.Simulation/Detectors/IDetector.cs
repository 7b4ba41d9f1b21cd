using System.Runtime.InteropServices;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>A rule that watches requests one by one and decides at most once.</summary>
public interface IDetector
{
    /// <summary>One more request, and what the rule does now.</summary>
    Reaction Watch(in SimulatedRequest request);
}

/// <summary>What a rule does.</summary>
/// <param name="Replica">The replica that is named sick, where one is.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Reaction(ReactionKind Kind, int Replica = 0)
{
    /// <summary>Rolls back, or does nothing.</summary>
    public static Reaction RollBackIf(bool fires) => fires ? new(ReactionKind.RollBack) : default;
}

/// <summary>What a rule can do.</summary>
public enum ReactionKind
{
    /// <summary>It goes on watching.</summary>
    None,

    /// <summary>It blames the release.</summary>
    RollBack,

    /// <summary>It says that the arms cannot be compared, and decides nothing any more.</summary>
    Freeze,

    /// <summary>It blames one replica and goes on without it.</summary>
    NameReplica,
}
