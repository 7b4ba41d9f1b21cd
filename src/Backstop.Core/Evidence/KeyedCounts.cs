using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>Counts by number, in its order; eight bytes for each number that occurred, and nothing for the others.</summary>
/// <remarks>
/// Most epochs of most aliases have a request or two, and many wait for labels at one time: what they take decides what ten thousand
/// aliases cost. So the first numbers stand in the epoch itself, where no cache has to fetch a second place for them. The few different
/// numbers of a busy epoch are found by halving.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal struct KeyedCounts
{
    // What one request counts in one place: an outcome, and how it was served.
    private const int Few = 2;

    private const int FirstRoom = 8;
    private const int RoomToKeep = 64;

    private FirstEntries _few;
    private Entry[]? _many;
    private int _length;

    /// <summary>All that occurred, by number.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<Entry> All => _length <= Few ? ((ReadOnlySpan<Entry>)_few)[.._length] : _many.AsSpan(0, _length);

    /// <summary>Adds to the count of a number.</summary>
    public void Add(int key, int count)
    {
        var all = _length <= Few ? ((Span<Entry>)_few)[.._length] : _many.AsSpan(0, _length);
        var (from, to) = (0, all.Length);
        while (from < to)
        {
            var middle = (from + to) >>> 1;
            if (all[middle].Key < key)
            {
                from = middle + 1;
            }
            else
            {
                to = middle;
            }
        }

        if (from < all.Length && all[from].Key == key)
        {
            all[from].Count += count;
        }
        else
        {
            Insert(from, new() { Key = key, Count = count });
        }
    }

    /// <summary>Forgets all. Usual room is kept for what comes.</summary>
    public void Clear()
    {
        _length = 0;
        if (_many?.Length > RoomToKeep)
        {
            _many = null;
        }
    }

    /// <summary>Takes off those at the beginning that are equal but for some of their lowest bits.</summary>
    public static ReadOnlySpan<Entry> TakeRun(scoped ref ReadOnlySpan<Entry> rest, int bits)
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

    private void Insert(int place, Entry entry)
    {
        var all = ((Span<Entry>)_few)[..];
        if (_length >= Few)
        {
            if (_length == Few)
            {
                _many ??= new Entry[FirstRoom];
                all.CopyTo(_many);
            }
            else if (_length == _many!.Length)
            {
                Array.Resize(ref _many, 2 * _length);
            }

            all = _many;
        }

        all[place.._length].CopyTo(all[(place + 1)..]);
        all[place] = entry;
        _length++;
    }

    /// <summary>A number and how often it came.</summary>
    [StructLayout(LayoutKind.Auto)]
    public struct Entry
    {
        public int Key { get; set; }

        public int Count { get; set; }
    }

    [InlineArray(Few)]
    private struct FirstEntries
    {
        private Entry _first;
    }
}
