namespace Backstop.Core.Inputs;

/// <summary>One thing counted about what requests bring with them. Counts of the same thing are added.</summary>
/// <param name="What">Which of several: the feature, the fingerprint, the version; empty where there is only one.</param>
/// <param name="N">Observations.</param>
/// <param name="Hits">Those of them that the signal names, such as nulls.</param>
/// <param name="Sum">Sum of the values, where there are any.</param>
/// <param name="Squares">Sum of their squares.</param>
public sealed record InputCount(InputSignal Signal, string What, long N, long Hits = 0, double Sum = 0, double Squares = 0)
{
    /// <summary>Longest <see cref="What"/>; a longer one is cut.</summary>
    public const int LongestWhat = 100;

    /// <summary>Mean of the values.</summary>
    public double Mean => N == 0 ? 0 : Sum / N;

    /// <summary>Standard deviation of the values.</summary>
    public double Deviation => N == 0 ? 0 : Math.Sqrt(Math.Max(0, (Squares / N) - (Mean * Mean)));

    /// <summary>Both together.</summary>
    public InputCount Add(InputCount more) =>
        this with { N = N + more.N, Hits = Hits + more.Hits, Sum = Sum + more.Sum, Squares = Squares + more.Squares };
}
