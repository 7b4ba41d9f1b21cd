namespace Backstop.Core.Evidence;

/// <summary>What a candidate must show on copies of requests before any user sees its answers. Locked with the plan.</summary>
public sealed record ShadowRule
{
    /// <summary>
    /// How much more often a copy may fail or be blocked where the user's answer was neither, than the other way round; as a share of the
    /// copies, 0 to 1. 0.01 by default.
    /// </summary>
    public double Margin { get; init; } = 0.01;

    /// <summary>Share of the copies that may be dropped at the most, 0 to 1: those that were easy to ask are no fair sample. 0.2 by default.</summary>
    public double MostDropped { get; init; } = 0.2;

    /// <summary>Least mean word agreement with the users' answers, 0 to 1; null where it is only shown.</summary>
    public double? LeastAgreement { get; init; }

    /// <summary>How much longer copies may take on average than users waited, as a share of it; null where it is only shown.</summary>
    public double? MostSlowdown { get; init; }

    /// <summary>How much longer or shorter answers may be on average, as a share; null where it is only shown.</summary>
    public double? MostLengthChange { get; init; }
}
