using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>Counts over time in bounded memory: the newest buckets one by one, older ones in ever wider epochs.</summary>
/// <remarks>
/// An epoch of level k covers 2^k buckets, aligned. A bucket's level depends on nothing but its number and the newest
/// number seen, so any order of arrival ends in the same epochs. Of each level 32 to 64 epochs are kept, of the first up to
/// 128: about 500 for an hour, 1,000 for a month. They are widened 32 at a time and not one by one, so that most of a history
/// stays as it is from one look to the next.
/// </remarks>
/// <param name="categories">How many categories its tables have.</param>
public sealed class EpochHistory(int categories)
{
    private const int KeptPerLevel = 32;
    private readonly List<Epoch> _epochs = [];
    private readonly List<long> _changedAt = [];

    // Of epochs that became part of a wider one: the next buckets take them, so a history that is full asks for no memory.
    private readonly Stack<CountTable> _free = [];
    private long _newest;

    /// <summary>The epochs, oldest first.</summary>
    public IReadOnlyList<Epoch> Epochs => _epochs;

    /// <summary>The newest bucket seen, or null when nothing was.</summary>
    public long? Newest => _epochs.Count == 0 ? null : _newest;

    /// <summary>Rises with everything that is added: who looked before can ask what to look at again. No part of the state.</summary>
    internal long Clock { get; private set; }

    /// <summary>The first epoch that is not what it was when the clock stood there; the epochs before it are, and stand where they stood.</summary>
    internal int FirstChangedSince(long clock)
    {
        var changedAt = CollectionsMarshal.AsSpan(_changedAt);
        var place = 0;
        while (place < changedAt.Length && changedAt[place] <= clock)
        {
            place++;
        }

        return place;
    }

    /// <summary>Adds the counts of a bucket.</summary>
    public void Add(long bucket, ReadOnlySpan<CountCell> cells)
    {
        var counts = At(bucket);
        foreach (var cell in cells)
        {
            counts.Add(cell.Arm, cell.Stratum, cell.Outcomes.AsSpan());
        }
    }

    /// <summary>A history of outcomes.</summary>
    public static EpochHistory OfOutcomes() => new(CountTable.OutcomeCount);

    /// <summary>The table that a bucket's counts go into, made when it is missing.</summary>
    internal CountTable At(long bucket)
    {
        if (_epochs.Count == 0 || bucket > _newest)
        {
            var moved = _epochs.Count > 0 && Edge(bucket, level: 0) != Edge(_newest, level: 0);
            _newest = bucket;
            if (moved)
            {
                Coarsen();
            }
        }

        var level = LevelOf(bucket);
        var first = bucket >> level << level;
        var place = _epochs.Count;
        while (place > 0 && _epochs[place - 1].First > first)
        {
            place--;
        }

        if (place > 0 && _epochs[place - 1].First == first)
        {
            _changedAt[place - 1] = ++Clock;
            return _epochs[place - 1].Counts;
        }

        var epoch = new Epoch(first, level, _free.TryPop(out var free) ? free : new(categories));
        _epochs.Insert(place, epoch);
        _changedAt.Insert(place, ++Clock);
        return epoch.Counts;
    }

    /// <summary>Puts back a stored epoch; the oldest first.</summary>
    internal void Restore(Epoch epoch)
    {
        _epochs.Add(epoch);
        _changedAt.Add(++Clock);
        _newest = epoch.First; // The newest epoch is always one bucket wide.
    }

    /// <summary>The widest level at which at least 32 newer epochs exist; every bucket of an epoch agrees on it.</summary>
    private int LevelOf(long bucket)
    {
        var level = 0;
        while (Edge(_newest, level) - (bucket >> (level + 1)) >= KeptPerLevel)
        {
            level++;
        }

        return level;
    }

    // In epochs of the next level; it moves by 32 of them at once.
    private static long Edge(long newest, int level) => newest >> (level + 1) & -KeptPerLevel;

    private void Coarsen()
    {
        var kept = 0;
        for (var i = 0; i < _epochs.Count; i++)
        {
            var epoch = _epochs[i];
            var level = LevelOf(epoch.First);
            var first = epoch.First >> level << level;
            if (kept > 0 && _epochs[kept - 1].First == first)
            {
                _epochs[kept - 1].Counts.Add(epoch.Counts);
                _changedAt[kept - 1] = ++Clock;
                epoch.Counts.Clear();
                _free.Push(epoch.Counts);
            }
            else
            {
                _changedAt[kept] = _changedAt[i];
                _epochs[kept++] = level == epoch.Level ? epoch : new Epoch(first, level, epoch.Counts);
            }
        }

        _epochs.RemoveRange(kept, _epochs.Count - kept);
        _changedAt.RemoveRange(kept, _changedAt.Count - kept);
    }

    /// <summary>Counts of 2^<paramref name="Level"/> buckets.</summary>
    /// <param name="First">The first bucket covered.</param>
    public sealed record Epoch(long First, int Level, CountTable Counts);
}
