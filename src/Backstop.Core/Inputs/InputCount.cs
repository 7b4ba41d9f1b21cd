using System.Collections.Immutable;

namespace Backstop.Core.Inputs;

/// <summary>One thing counted about what requests bring with them. Counts of the same thing are added.</summary>
/// <param name="What">Which of several: the feature, the fingerprint, the version; empty where there is only one.</param>
/// <param name="N">Observations.</param>
/// <param name="Hits">Those of them that the signal names, such as nulls.</param>
/// <param name="Sum">Sum of the values, where there are any.</param>
/// <param name="Squares">Sum of their squares.</param>
/// <param name="Most">The greatest of them.</param>
public sealed record InputCount(InputSignal Signal, string What, long N, long Hits = 0, double Sum = 0, double Squares = 0, double Most = double.MinValue)
{
    /// <summary>Where the values fell, by bin of <see cref="ValueCounts"/>; nothing where nobody counted it.</summary>
    public ImmutableArray<ValueBin> Values { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Length of a bucket.</summary>
    public const long BucketMilliseconds = 5000;

    /// <summary>Longest <see cref="What"/>; a longer one is cut.</summary>
    public const int LongestWhat = 100;

    /// <summary>Mean of the values.</summary>
    public double Mean => N == 0 ? 0 : Sum / N;

    /// <summary>Standard deviation of the values.</summary>
    public double Deviation => N == 0 ? 0 : Math.Sqrt(Math.Max(0, (Squares / N) - (Mean * Mean)));

    /// <summary>The bucket of a time.</summary>
    public static long BucketOf(DateTimeOffset time) => Math.DivRem(time.ToUnixTimeMilliseconds(), BucketMilliseconds).Quotient;

    /// <summary>When a bucket began.</summary>
    public static DateTimeOffset StartOf(long bucket) => DateTimeOffset.FromUnixTimeMilliseconds(bucket * BucketMilliseconds);

    /// <summary>Both together, but for where the values fell: that is summed in <see cref="ValueCounts"/>.</summary>
    public InputCount Add(InputCount more) =>
        this with { N = N + more.N, Hits = Hits + more.Hits, Sum = Sum + more.Sum, Squares = Squares + more.Squares, Most = Math.Max(Most, more.Most) };

    /// <summary>The same with half the weight.</summary>
    public InputCount Halved() => this with { N = (N + 1) / 2, Hits = (Hits + 1) / 2, Sum = Sum / 2, Squares = Squares / 2 };
}
