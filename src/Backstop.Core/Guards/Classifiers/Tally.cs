using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What the features of a text weigh for one model, and how many they are. Numbers alone, for texts are put together of many.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct Tally
{
    // A lane for each family, and one that is nothing.
    private readonly Vector128<int> _totals;
    private readonly Vector128<int> _counts;

    internal Tally(Vector128<int> totals, Vector128<int> counts) => (_totals, _counts) = (totals, counts);

    /// <summary>Of two texts read as one; only the pair of words across the seam is missing.</summary>
    public Tally With(in Tally other) => new(_totals + other._totals, _counts + other._counts);

    /// <summary>What is left when one of the texts is taken away.</summary>
    public Tally Without(in Tally other) => new(_totals - other._totals, _counts - other._counts);

    /// <summary>A number that two texts share when they have the same features, and hardly ever otherwise.</summary>
    internal ulong Name
    {
        get
        {
            var name = 14695981039346656037ul;
            for (var family = 0; family < LinearModel.Families; family++)
            {
                name = (name ^ (((ulong)(uint)Total(family) << 32) | (uint)Count(family))) * 1099511628211;
            }

            return name;
        }
    }

    internal int Total(int family) => _totals[family];

    internal int Count(int family) => _counts[family];
}
