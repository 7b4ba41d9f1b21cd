namespace Backstop.Core.Evidence.Scores;

/// <summary>Decides, at any time, whether answers are scored worse in the tested arm.</summary>
/// <remarks>
/// <see cref="BoundedScoreTest"/> over integer counts: a bettor with stake λ multiplies its wealth by 1 + λ(Z − margin) for each
/// scored answer, Z = (S − c)·(A/x − (1−A)/(1−x)); six stakes are averaged. An answer without a score changes nothing, and since
/// scores are centred at the control's historic mean, neither does it much when one arm's answers are scored more often.
/// </remarks>
public sealed class ScoreTable
{
    /// <summary>Builds a table.</summary>
    /// <param name="testedShare">Probability that a scored request is the tested arm's, between 0 and 1.</param>
    /// <param name="centre">How bad the control's answers were on average before, 0 to 1; it takes variance away and is never needed for validity.</param>
    /// <param name="margin">How much worse the tested arm's mean may be, 0 to 1.</param>
    public ScoreTable(double testedShare, double centre, double margin)
    {
        var test = new BoundedScoreTest(testedShare, centre, margin);
        Increments = new([.. test.Stakes.Select(_ => 1.0 / test.Stakes.Length)], 2 * ScoreCounts.Steps, (cell, stake) =>
        {
            var (tested, step) = Math.DivRem(cell, ScoreCounts.Steps);
            return test.Increment(tested == 1, ScoreCounts.BadnessOf(step), stake);
        });

        if (MaxNullExpectation(testedShare, margin) > 1 + 1e-12)
        {
            throw new ArgumentException("A component of this table could gain on the null: check share, centre and margin.", nameof(margin));
        }
    }

    /// <summary>The increments of every cell: the control's steps, then the tested arm's.</summary>
    public IncrementTable Increments { get; }

    /// <summary>The most that one scored request can multiply any component's evidence by, on average, on the null.</summary>
    /// <remarks>An increment's exponential is linear in the score, so the most lies where each arm has a single score.</remarks>
    private double MaxNullExpectation(double testedShare, double margin)
    {
        var most = 0.0;
        for (var control = 0; control < ScoreCounts.Steps; control++)
        {
            var tested = Math.Min(ScoreCounts.Steps - 1, (int)(control + (margin * (ScoreCounts.Steps - 1))));
            for (var j = 0; j < Increments.Components; j++)
            {
                var expectation = (testedShare * Math.Exp(Increments.Increments(ScoreCounts.Steps + tested)[j]))
                    + ((1 - testedShare) * Math.Exp(Increments.Increments(control)[j]));
                most = Math.Max(most, expectation);
            }
        }

        return most;
    }
}
