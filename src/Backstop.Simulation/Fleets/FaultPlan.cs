namespace Backstop.Simulation.Fleets;

/// <summary>What goes wrong in a simulated fleet, and how often.</summary>
public sealed record FaultPlan
{
    /// <summary>Nothing but a short delay.</summary>
    public static FaultPlan None { get; } = new();

    /// <summary>Everything at once, much more often than in life.</summary>
    public static FaultPlan Rough { get; } = new()
    {
        Loss = 0.02,
        Duplication = 0.05,
        Reordering = 0.05,
        GatewayCrashEvery = TimeSpan.FromSeconds(12),
        ControlCrashEvery = TimeSpan.FromSeconds(15),
        PartitionEvery = TimeSpan.FromSeconds(12),
        MeanOutage = TimeSpan.FromSeconds(1),
    };

    /// <summary>Mean one-way delay of a message. 2 ms by default.</summary>
    public TimeSpan MeanDelay { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Probability that a message is lost, and its stream with it.</summary>
    public double Loss { get; init; }

    /// <summary>Probability that a message is delivered twice.</summary>
    public double Duplication { get; init; }

    /// <summary>Probability that a message is held up by as much as a second, and overtaken.</summary>
    public double Reordering { get; init; }

    /// <summary>Mean time between two crashes of gateways, or null for none.</summary>
    public TimeSpan? GatewayCrashEvery { get; init; }

    /// <summary>Mean time between two crashes of control, or null for none.</summary>
    public TimeSpan? ControlCrashEvery { get; init; }

    /// <summary>Mean time between two cuts that part a gateway from control, or null for none.</summary>
    public TimeSpan? PartitionEvery { get; init; }

    /// <summary>Mean length of a crash or cut. 1 s by default.</summary>
    public TimeSpan MeanOutage { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>No outage lasts longer. 3 s by default.</summary>
    public TimeSpan LongestOutage { get; init; } = TimeSpan.FromSeconds(3);
}
