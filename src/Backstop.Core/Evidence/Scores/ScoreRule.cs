using Backstop.Core.Routing;

namespace Backstop.Core.Evidence.Scores;

/// <summary>A number that somebody gives to answers, and how much worse it may be in the tested arm.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Least">The least it can be; what is lower counts as this.</param>
/// <param name="Most">The most it can be.</param>
/// <param name="LowerIsWorse">Whether a low value speaks against the release; otherwise a high one does.</param>
/// <param name="Margin">How much worse the tested arm's mean may be, in the score's own unit; null: it is shown and never judged.</param>
public sealed record ScoreRule(string Name, double Least, double Most, bool LowerIsWorse, double? Margin)
{
    /// <summary>By arm: the share of the answers that are scored at all, as they are drawn by chance; 1 each when everybody's may be.</summary>
    public ScoredShares Scored { get; init; } = new(1, 1, 1);

    /// <summary>The margin where the best value is 0 and the worst 1.</summary>
    public double? UnitMargin => Margin / (Most - Least);

    /// <summary>How bad a value is: 0 for the best, 1 for the worst.</summary>
    public double BadnessOf(double value)
    {
        var part = (Math.Clamp(value, Least, Most) - Least) / (Most - Least);
        return LowerIsWorse ? 1 - part : part;
    }

    /// <summary>The value that is as bad as this.</summary>
    public double ValueOf(double badness) => Least + ((LowerIsWorse ? 1 - badness : badness) * (Most - Least));

    /// <summary>Probability that a scored request of a stage is the tested arm's.</summary>
    public double TestedShare(ContrastStage stage, Contrast contrast)
    {
        var scored = stage.ScoredOf(this);
        var (tested, control) = (stage.TestedShare * scored.Of(contrast.Tested), (1 - stage.TestedShare) * scored.Of(contrast.Control));
        return tested / (tested + control);
    }
}

/// <summary>Shares of the answers that are scored, 0 to 1, above 0.</summary>
public sealed record ScoredShares(double Baseline, double Candidate, double Holdback)
{
    /// <summary>The share of one arm. Copies are not scored.</summary>
    public double Of(Arm arm) => arm switch
    {
        Arm.Candidate => Candidate,
        Arm.Holdback => Holdback,
        Arm.Shadow => 0,
        _ => Baseline,
    };
}
