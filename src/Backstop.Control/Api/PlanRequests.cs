using Backstop.Core.Evidence;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Control.Api;

/// <summary>A rollout plan as it is sent; what is left out has the default of <see cref="RolloutPlan"/>.</summary>
internal sealed record PlanRequest(
    string? Preset = null,
    ShadowRequest? Shadow = null,
    StepRequest[]? Steps = null,
    PlanEnd? End = null,
    bool? ApprovePromotion = null,
    int? HoldbackBasisPoints = null,
    int? ContainmentBasisPoints = null,
    long? BakeMs = null,
    long? HeldDeadlineMs = null,
    HeldAction? HeldAction = null,
    long? ConvergenceDeadlineMs = null,
    long? VerifyWindowMs = null,
    double? Coverage = null,
    long? WarmForMs = null,
    double? WarmCapacity = null,
    long? CoolDownMs = null,
    string? Fallback = null,
    string? BreakGlass = null,
    string? NoWayBack = null)
{
    private const int MostSteps = 100;
    private const long LongestMs = 366L * 24 * 3600 * 1000;

    /// <summary>The plan.</summary>
    /// <param name="fallback">Digest of the release that <see cref="Fallback"/> names, or null.</param>
    /// <exception cref="RefusedException">A value is out of range; the text names it.</exception>
    public RolloutPlan ToPlan(string? fallback)
    {
        var usual = Preset is null ? new() : RolloutPresets.All.GetValueOrDefault(Preset)
            ?? throw RefusedException.Invalid($"There is no preset '{Preset}': use {string.Join(", ", RolloutPresets.All.Keys)}, or none.");
        return usual with
        {
            Shadow = Shadow?.ToStep() ?? usual.Shadow,
            ShadowRule = Shadow?.ToRule(usual.ShadowRule) ?? usual.ShadowRule,
            End = End ?? usual.End,
            ApprovePromotion = ApprovePromotion ?? usual.ApprovePromotion,
            HeldAction = HeldAction ?? usual.HeldAction,
            Coverage = Coverage is null or (>= 0 and <= 1)
                ? Coverage ?? usual.Coverage
                : throw RefusedException.Invalid($"'coverage' is {Coverage}: it is a share of the gateways, 0 to 1."),
            WarmFor = Time(WarmForMs, usual.WarmFor, "warm_for_ms"),
            WarmCapacity = WarmCapacity is null or (>= 0 and <= 100)
                ? WarmCapacity ?? usual.WarmCapacity
                : throw RefusedException.Invalid($"'warm_capacity' is {WarmCapacity}: it is how much of the traffic the release to return to must bear, 0 to 100, such as 1."),
            CoolDown = Time(CoolDownMs, usual.CoolDown, "cool_down_ms"),
            Fallback = fallback,
            BreakGlass = Reason(BreakGlass, "break_glass"),
            NoWayBack = Reason(NoWayBack, "no_way_back"),
            Steps = Steps is null ? usual.Steps : [.. Checked(Steps)],
            HoldbackBasisPoints = Share(HoldbackBasisPoints, usual.HoldbackBasisPoints, "holdback_basis_points", 0, Route.Whole / 2),
            ContainmentBasisPoints = Share(ContainmentBasisPoints, usual.ContainmentBasisPoints, "containment_basis_points", 0, Route.Whole),
            Bake = Time(BakeMs, usual.Bake, "bake_ms"),
            HeldDeadline = Time(HeldDeadlineMs, usual.HeldDeadline, "held_deadline_ms"),
            ConvergenceDeadline = Time(ConvergenceDeadlineMs, usual.ConvergenceDeadline, "convergence_deadline_ms"),
            VerifyWindow = Time(VerifyWindowMs, usual.VerifyWindow, "verify_window_ms"),
        };
    }

    private static IEnumerable<CanaryStep> Checked(StepRequest[] steps)
    {
        if (steps.Length > MostSteps)
        {
            throw RefusedException.Invalid($"The plan has {steps.Length} steps; at most {MostSteps} are possible.");
        }

        var last = 0;
        foreach (var step in steps)
        {
            if (step.BasisPoints <= last || step.BasisPoints > Route.Whole)
            {
                throw RefusedException.Invalid(
                    $"A step has {step.BasisPoints} basis points: steps must rise from 1 to {Route.Whole} (100 basis points are 1 %).");
            }

            if (step.MinUnits < 0)
            {
                throw RefusedException.Invalid($"A step has min_units {step.MinUnits}: use 0 or more.");
            }

            last = step.BasisPoints;
            yield return new(step.BasisPoints, Time(step.DwellMs, TimeSpan.Zero, "dwell_ms"), step.MinUnits, step.Approval ?? false);
        }
    }

    /// <summary>A reason for something that is not done without one, or null.</summary>
    /// <exception cref="RefusedException">It is empty or too long.</exception>
    public static string? Reason(string? why, string key) => why is null || why.Trim().Length is > 0 and <= 1000
        ? why?.Trim()
        : throw RefusedException.Invalid($"'{key}' must say why in 1 to 1000 characters; it is kept in the journal.");

    private static int Share(int? value, int usual, string key, int least, int most) => (value ?? usual) is var share && share >= least && share <= most
        ? share
        : throw RefusedException.Invalid($"'{key}' is {share}: use {least} to {most} (100 basis points are 1 %).");

    internal static TimeSpan Time(long? value, TimeSpan usual, string key) => value is null or (>= 0 and <= LongestMs)
        ? value is { } ms ? TimeSpan.FromMilliseconds(ms) : usual
        : throw RefusedException.Invalid($"'{key}' is {value}: use 0 to {LongestMs} milliseconds.");
}

/// <summary>A canary step as it is sent.</summary>
internal sealed record StepRequest(int BasisPoints, long DwellMs, long MinUnits, bool? Approval = null);

/// <summary>A shadow stage as it is sent; what is left out of the rule has the default of <see cref="ShadowRule"/>.</summary>
internal sealed record ShadowRequest(
    int BasisPoints,
    long DwellMs,
    long MinUnits,
    double? Margin = null,
    double? MostDropped = null,
    double? LeastAgreement = null,
    double? MostSlowdown = null,
    double? MostLengthChange = null)
{
    /// <summary>Its share, time and copies.</summary>
    /// <exception cref="RefusedException">A value is out of range; the text names it.</exception>
    public CanaryStep ToStep() => new(
        BasisPoints is >= 1 and <= Route.Whole
            ? BasisPoints
            : throw RefusedException.Invalid($"'shadow.basis_points' is {BasisPoints}: it is the share of the requests that are copied, 1 to {Route.Whole} (100 basis points are 1 %)."),
        PlanRequest.Time(DwellMs, TimeSpan.Zero, "shadow.dwell_ms"),
        MinUnits >= 0 ? MinUnits : throw RefusedException.Invalid($"'shadow.min_units' is {MinUnits}: use 0 or more copies."));

    /// <summary>What the copies must show.</summary>
    /// <exception cref="RefusedException">A value is out of range; the text names it.</exception>
    public ShadowRule ToRule(ShadowRule usual) => new()
    {
        Margin = Within(Margin, 1, "margin") ?? usual.Margin,
        MostDropped = Within(MostDropped, 1, "most_dropped") ?? usual.MostDropped,
        LeastAgreement = Within(LeastAgreement, 1, "least_agreement") ?? usual.LeastAgreement,
        MostSlowdown = Within(MostSlowdown, 100, "most_slowdown") ?? usual.MostSlowdown,
        MostLengthChange = Within(MostLengthChange, 100, "most_length_change") ?? usual.MostLengthChange,
    };

    private static double? Within(double? value, double most, string key) => value is null || (value >= 0 && value <= most)
        ? value
        : throw RefusedException.Invalid($"'shadow.{key}' is {value}: it is a share, 0 to {most}.");
}

/// <summary>How evidence is to be judged, as it is sent; what is left out is as it is for the alias.</summary>
internal sealed record EvidenceRequest(
    double? Alpha = null,
    long? MinUnits = null,
    long? MinUnitsPerArm = null,
    long? MinHistory = null,
    long? FreshnessMs = null,
    double? TotalMargin = null,
    double? LatencyMargin = null,
    MarginsRequest? Margins = null,
    MarginsRequest? CeilingMargins = null,
    bool? Strict = null,
    double? FalseRollbacksPerMonth = null)
{
    /// <summary>The plan.</summary>
    /// <param name="usual">What the alias has; the default of <see cref="EvidencePlan"/> when it has nothing.</param>
    /// <exception cref="RefusedException">A value is out of range; the text names it.</exception>
    public EvidencePlan ToPlan(EvidencePlan? usual)
    {
        usual ??= new();
        if (Alpha is <= 0 or > 0.5 or double.NaN)
        {
            throw RefusedException.Invalid($"'alpha' is {Alpha}: it is the probability of a false rollback, above 0 and at most 0.5.");
        }

        if (FalseRollbacksPerMonth is <= 0 or > 100 or double.NaN)
        {
            throw RefusedException.Invalid($"'false_rollbacks_per_month' is {FalseRollbacksPerMonth}: it is how many false rollbacks may be expected in thirty days, such as 0.05 for one in twenty months; above 0 and at most 100.");
        }

        if (LatencyMargin is < 0 or > 100 or double.NaN)
        {
            throw RefusedException.Invalid($"'latency_margin' is {LatencyMargin}: it is how much longer a release may take, such as 0.25 for a quarter; use 0 to 100.");
        }

        if (TotalMargin is not (null or (>= 0 and <= 1)))
        {
            throw RefusedException.Invalid($"'total_margin' is {TotalMargin}: it is a probability, 0 to 1.");
        }

        var plan = usual with
        {
            LatencyMargin = LatencyMargin ?? usual.LatencyMargin,
            Alpha = Alpha ?? usual.Alpha,
            FalseRollbacksPerMonth = FalseRollbacksPerMonth ?? usual.FalseRollbacksPerMonth,
            MinUnits = Count(MinUnits, usual.MinUnits, "min_units"),
            MinUnitsPerArm = Count(MinUnitsPerArm, usual.MinUnitsPerArm, "min_units_per_arm"),
            MinHistory = Count(MinHistory, usual.MinHistory, "min_history"),
            Freshness = FreshnessMs is { } ms ? TimeSpan.FromMilliseconds(Count(ms, ms, "freshness_ms")) : usual.Freshness,
            TotalMargin = TotalMargin ?? usual.TotalMargin,
            Margins = Margins?.Over(usual.Margins, "margins") ?? usual.Margins,
            CeilingMargins = CeilingMargins?.Over(usual.CeilingMargins, "ceiling_margins") ?? usual.CeilingMargins,
        };
        return Strict == true ? plan.Strict() : plan;
    }

    private static long Count(long? value, long usual, string key) => value is null or (>= 0 and <= int.MaxValue)
        ? value ?? usual
        : throw RefusedException.Invalid($"'{key}' is {value}: use 0 to {int.MaxValue}.");
}
