using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>Counts by number, in its order; eight bytes for each number that occurred, and nothing for the others.</summary>
/// <remarks>
/// Most epochs of most aliases have a request or two, and many wait for labels at one time: what they take decides what ten thousand
/// aliases cost. The few different numbers of a busy epoch are found by halving.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal struct KeyedCounts
{
    private const int FirstRoom = 4;
    private const int RoomToKeep = 64;

    private Entry[]? _entries;
    private int _length;

    /// <summary>All that occurred, by number.</summary>
    public readonly ReadOnlySpan<Entry> All => _entries.AsSpan(0, _length);

    /// <summary>Adds to the count of a number.</summary>
    public void Add(int key, int count)
    {
        var (from, to) = (0, _length);
        while (from < to)
        {
            var middle = (from + to) >>> 1;
            if (_entries![middle].Key < key)
            {
                from = middle + 1;
            }
            else
            {
                to = middle;
            }
        }

        if (from == _length || _entries![from].Key != key)
        {
            Insert(from, key);
        }

        _entries![from].Count += count;
    }

    /// <summary>Forgets all. Usual room is kept for what comes.</summary>
    public void Clear()
    {
        _length = 0;
        if (_entries?.Length > RoomToKeep)
        {
            _entries = null;
        }
    }

    /// <summary>Takes off those at the beginning that are equal but for some of their lowest bits.</summary>
    public static ReadOnlySpan<Entry> TakeRun(ref ReadOnlySpan<Entry> rest, int bits)
    {
        var length = 1;
        while (length < rest.Length && rest[length].Key >> bits == rest[0].Key >> bits)
        {
            length++;
        }

        var run = rest[..length];
        rest = rest[length..];
        return run;
    }

    /// <summary>How many runs there are that are equal but for some of their lowest bits.</summary>
    public readonly int RunsOf(int bits)
    {
        var runs = 0;
        for (var i = 0; i < _length; i++)
        {
            runs += i == 0 || _entries![i].Key >> bits != _entries[i - 1].Key >> bits ? 1 : 0;
        }

        return runs;
    }

    private void Insert(int place, int key)
    {
        if (_entries is null || _length == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(FirstRoom, 2 * _length));
        }

        _entries.AsSpan(place, _length - place).CopyTo(_entries.AsSpan(place + 1));
        _entries[place] = new() { Key = key };
        _length++;
    }

    /// <summary>A number and how often it came.</summary>
    [StructLayout(LayoutKind.Auto)]
    public struct Entry
    {
        public int Key { get; set; }

        public int Count { get; set; }
    }
}
