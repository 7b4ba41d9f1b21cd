namespace Backstop.Core.Evidence.Scores;

/// <summary>How many answers were how bad, in 64 steps from 0 to 1: merging is adding.</summary>
public sealed class ScoreCounts() : BinCounts(ScoreCounts.Steps)
{
    /// <summary>How many steps there are; step i is i/63 bad.</summary>
    public const int Steps = 64;

    /// <summary>How bad they are on average; null when there are none.</summary>
    public double? Mean
    {
        get
        {
            var sum = 0L;
            for (var step = 0; step < Steps; step++)
            {
                sum += step * All[step];
            }

            return Total == 0 ? null : BadnessOf(sum) / Total;
        }
    }

    /// <summary>
    /// The step of a badness. Which of the two neighbours it is is drawn, so that the mean over many answers is exact though each
    /// is rounded.
    /// </summary>
    /// <param name="draw">Uniform from 0 to 1, below 1, and drawn without regard to anything else.</param>
    public static int StepOf(double badness, double draw) => Math.Min(Steps - 1, (int)Math.Floor((badness * (Steps - 1)) + draw));

    /// <summary>How bad a step is.</summary>
    public static double BadnessOf(long step) => step / (double)(Steps - 1);
}
