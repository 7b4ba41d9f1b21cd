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

    /// <summary>All that a fleet over several regions can meet, with everything of <see cref="Rough"/>.</summary>
    public static FaultPlan Wide { get; } = Rough with
    {
        RegionCutEvery = TimeSpan.FromSeconds(15),
        RegionDelay = TimeSpan.FromMilliseconds(25),
        ClockSkew = TimeSpan.FromSeconds(2),
        SlowDisks = 0.05,
        SlowStore = TimeSpan.FromMilliseconds(150),
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

    /// <summary>Mean time between two cuts that part a whole region from control, or null for none.</summary>
    public TimeSpan? RegionCutEvery { get; init; }

    /// <summary>Mean one-way delay that each region adds to that of the one before it.</summary>
    public TimeSpan RegionDelay { get; init; }

    /// <summary>Gateways' clocks are wrong by as much as this, to either side.</summary>
    public TimeSpan ClockSkew { get; init; }

    /// <summary>Share of the gateways whose disks are slow, 0 to 1.</summary>
    public double SlowDisks { get; init; }

    /// <summary>Mean time such a disk takes to keep a route, before which it is not served.</summary>
    public TimeSpan SlowDisk { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Mean time that control's store takes for a write, and as long again until control hears that it is done. Nothing is decided meanwhile.</summary>
    public TimeSpan SlowStore { get; init; }

    /// <summary>Mean length of a crash or cut. 1 s by default.</summary>
    public TimeSpan MeanOutage { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>No outage lasts longer. 3 s by default.</summary>
    public TimeSpan LongestOutage { get; init; } = TimeSpan.FromSeconds(3);
}
