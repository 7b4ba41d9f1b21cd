namespace Backstop.Core.Evidence;

/// <summary>A test's answer. Only <see cref="Healthy"/> may raise exposure.</summary>
public enum Verdict
{
    /// <summary>Enough fresh evidence from both arms, and none that the tested release is worse.</summary>
    Healthy,

    /// <summary>Two-arm evidence that the tested release is worse than its control by more than the margins.</summary>
    Regressed,

    /// <summary>Something is wrong, and it is not shown to be the tested release.</summary>
    Inconclusive,

    /// <summary>Too few units to say anything.</summary>
    NoData,

    /// <summary>Evidence exists, but it is too old.</summary>
    Stale,

    /// <summary>The assignment does not match the plan, so the comparison cannot be trusted.</summary>
    BrokenExperiment,
}
