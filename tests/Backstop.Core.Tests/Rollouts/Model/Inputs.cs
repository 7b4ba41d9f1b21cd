namespace Backstop.Core.Tests.Rollouts.Model;

/// <summary>Something that happens, in the model's own words. Times are seconds.</summary>
/// <param name="What">Its kind, such as <c>judged</c>.</param>
/// <param name="At">When, by a clock that may be set.</param>
internal sealed record Input(string What, double At)
{
    /// <summary>Whether what was asked went well: gates passed, servers warm.</summary>
    public bool Ok { get; init; }

    public string Verdict { get; init; } = "";

    public long Units { get; init; }

    public bool Alarm { get; init; }

    public double Coverage { get; init; } = 1;

    /// <summary>What the old release bears, in basis points.</summary>
    public int Bears { get; init; } = 10_000;

    /// <summary>A count, a step, or a distance from the present generation, as the kind has it.</summary>
    public int Number { get; init; }

    public double Window { get; init; }

    public ModelPlan? Plan { get; init; }
}

/// <summary>A plan in plain numbers; shares in basis points, times in seconds.</summary>
internal sealed record ModelPlan(string Name, (int Share, double Dwell, long Units, bool Approval)[] Steps)
{
    public (int Share, double Dwell, long Units)? Shadow { get; init; }

    public bool Withdraws { get; init; }

    public bool ApprovePromotion { get; init; }

    public int Holdback { get; init; } = 500;

    public int Containment { get; init; } = 5000;

    public double Bake { get; init; } = 30;

    public double Held { get; init; } = 40;

    /// <summary><c>abort</c>, <c>shrink</c> or <c>keep</c>.</summary>
    public string HeldAction { get; init; } = "abort";

    public double Converge { get; init; } = 25;

    public double Verify { get; init; } = 5;

    public double Coverage { get; init; } = 0.9;

    public double WarmFor { get; init; } = 30;

    public double CoolDown { get; init; } = 600;

    public string? Fallback { get; init; }

    public bool BreakGlass { get; init; }

    public override string ToString() => Name;
}
