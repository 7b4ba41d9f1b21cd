using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Counts by arm, stratum and category, in one flat array: merging is adding.</summary>
/// <param name="categories">How many categories: outcomes or ways of serving.</param>
public sealed class CountTable(int categories)
{
    /// <summary>How many arms there are.</summary>
    public const int Arms = 4;

    /// <summary>How many strata there are: unflagged requests and flagged attacks.</summary>
    public const int Strata = 2;

    /// <summary>How many outcomes there are.</summary>
    internal static readonly int OutcomeCount = Enum.GetValues<Outcome>().Length;

    private readonly long[] _counts = new long[Arms * Strata * categories];

    /// <summary>An empty table of outcomes.</summary>
    public static CountTable OfOutcomes() => new(OutcomeCount);

    /// <summary>An empty table of ways of serving.</summary>
    public static CountTable OfServed() => new(Enum.GetValues<Served>().Length);

    /// <summary>How many categories there are.</summary>
    public int Categories => categories;

    /// <summary>All counts: arm by arm, in it stratum by stratum, in it category by category.</summary>
    public ReadOnlySpan<long> All => _counts;

    /// <summary>The counts of one arm in one stratum.</summary>
    public ReadOnlySpan<long> Of(Arm arm, int stratum) => _counts.AsSpan(Row(arm, stratum), categories);

    /// <summary>How many requests one arm has, in all strata.</summary>
    public long Total(Arm arm)
    {
        var total = 0L;
        foreach (var n in _counts.AsSpan(Row(arm, 0), Strata * categories))
        {
            total += n;
        }

        return total;
    }

    /// <summary>How many requests of one arm fell into one category, in all strata.</summary>
    public long Total(Arm arm, int category)
    {
        var total = 0L;
        for (var stratum = 0; stratum < Strata; stratum++)
        {
            total += _counts[Row(arm, stratum) + category];
        }

        return total;
    }

    /// <summary>Adds counts of one arm and stratum.</summary>
    public void Add(Arm arm, int stratum, ReadOnlySpan<long> counts)
    {
        var row = _counts.AsSpan(Row(arm, stratum), categories);
        for (var i = 0; i < counts.Length; i++)
        {
            row[i] += counts[i];
        }
    }

    /// <summary>Adds a whole table.</summary>
    public void Add(CountTable other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    /// <summary>Forgets all.</summary>
    internal void Clear() => Array.Clear(_counts);

    /// <summary>Adds to one count by its place in <see cref="All"/>.</summary>
    internal void AddAt(int place, long count)
    {
        _counts[place] += count;
    }

    /// <summary>Halves what is long past until so many are left at most.</summary>
    internal void Fade(long most) => BinCounts.Fade(_counts, most);

    private int Row(Arm arm, int stratum) => (((int)arm * Strata) + stratum) * categories;
}
