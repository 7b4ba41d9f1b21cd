using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Counts as they are stored and sent where most are zero: pairs of a place and its count.</summary>
public static class Sparse
{
    /// <summary>The pairs of counts that are not zero.</summary>
    public static ImmutableArray<long> Of(ReadOnlySpan<long> all)
    {
        var pairs = ImmutableArray.CreateBuilder<long>();
        for (var i = 0; i < all.Length; i++)
        {
            if (all[i] != 0)
            {
                pairs.Add(i);
                pairs.Add(all[i]);
            }
        }

        return pairs.ToImmutable();
    }

    /// <summary>Hands out each pair.</summary>
    public static void Each(ImmutableArray<long> pairs, Action<int, long> add)
    {
        for (var i = 0; i + 1 < pairs.Length; i += 2)
        {
            add((int)pairs[i], pairs[i + 1]);
        }
    }
}
