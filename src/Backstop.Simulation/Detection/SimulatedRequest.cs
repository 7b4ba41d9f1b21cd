using System.Runtime.InteropServices;

namespace Backstop.Simulation.Detection;

/// <summary>One request and what became of it.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SimulatedRequest
{
    /// <summary>Number of its stage: which share it was drawn with.</summary>
    public int Stage { get; init; }

    /// <summary>1 for a flagged attack.</summary>
    public int Stratum { get; init; }

    /// <summary>What its answer showed, blocked or not: 1 toxic, 2 schema failure, 4 wrong. One bit for each monitor where there are many.</summary>
    public int Flags { get; init; }

    /// <summary>Its first flag: 0 toxic, 1 schema failure, 2 wrong; 3 is a good answer.</summary>
    public int Category { get; init; }

    /// <summary>Number of its session; every request is its own where nothing is sticky.</summary>
    public int Session { get; init; }

    /// <summary>The replica of its arm that answered it.</summary>
    public int Replica { get; init; }

    /// <summary>Seconds to its answer, where a scenario has them.</summary>
    public float Latency { get; init; }

    /// <summary>Seconds from its answer to its label, where labels are late.</summary>
    public float LabelDelay { get; init; }

    /// <summary>Whether it was drawn for the tested arm.</summary>
    public bool Tested { get; init; }

    /// <summary>Whether it failed in any way.</summary>
    public bool IsBad => Flags != 0;
}
