namespace Backstop.Core.Guards.Classifiers;

/// <summary>From the sum of evidence to a chance.</summary>
internal static class Logistic
{
    // Beyond it a chance is 1 in all digits but the last few.
    private const double Most = 30;

    public static double Chance(double logit) => 1 / (1 + Math.Exp(-logit));

    /// <summary>Evidence below which the chance is below the threshold for certain, however it is rounded: most of a text needs no chance.</summary>
    public static double LeastFor(double threshold) => Math.Min(Most, Math.Log(threshold / (1 - threshold))) - 1e-6;
}
