using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Signals;

/// <summary>Answers that were delivered and may still be labelled, in the order in which they were. Not thread-safe.</summary>
/// <remarks>
/// A busy gateway has hundreds of thousands of them, and nearly none is ever labelled: so what each costs is to be written down behind the
/// one before and to be forgotten with it. In a table of all by id every request would reach for memory that no cache holds, twice.
/// Here each part of the list has a table of its own, and who looks for an id asks one part after the other, the newest first. The more
/// wait, the longer the next part is, so that there are never very many: with a label deadline of hours a look-up must not hold up others.
/// </remarks>
internal sealed class DeliveredAnswers
{
    // Answers stand in pages, which are short enough that a new one holds nobody up.
    private const int PageLength = 1024;

    // Parts of the same length that all waiting answers would fill.
    private const int UsualParts = 64;

    // The table of the longest is half a megabyte, which the caches still hold.
    private const int ShortestPart = PageLength, LongestPart = 64 * PageLength;

    private const int MostFree = 64;

    private readonly Stack<Delivered[]> _freePages = new();
    private readonly Stack<Part> _freeParts = new();
    private Part? _oldest;
    private Part? _newest;
    private int _waiting;

    // How many of the oldest part are over.
    private int _over;

    /// <summary>In how many tables an id is looked for at the most.</summary>
    public int Parts { get; private set; }

    /// <summary>Takes note of one.</summary>
    /// <param name="isLatest">Whether its id is still its own. A label for one that another request has now is not for this answer.</param>
    public void Add(in Delivered answer, bool isLatest)
    {
        if (_newest is not { IsFull: false } part)
        {
            part = NewPart();
            part.Older = _newest;
            _newest = _newest is null ? _oldest = part : _newest.Newer = part;
            Parts++;
        }

        if (part.NeedsPage)
        {
            part.Give(_freePages.TryPop(out var page) ? page : new Delivered[PageLength]);
        }

        _waiting++;
        part.Add(answer, isLatest);
    }

    /// <summary>The newest answer to a request with this id; a null reference when none waits.</summary>
    public ref Delivered Find(RequestKey key)
    {
        for (var part = _newest; part is not null; part = part.Older)
        {
            ref var found = ref part.Find(key, from: part == _oldest ? _over : 0);
            if (!Unsafe.IsNullRef(ref found))
            {
                return ref found.Route is null ? ref Unsafe.NullRef<Delivered>() : ref found;
            }
        }

        return ref Unsafe.NullRef<Delivered>();
    }

    /// <summary>Takes out the oldest when its time is over; false when it is not.</summary>
    public bool TryExpire(DateTimeOffset now, out Delivered expired)
    {
        expired = default;
        if (_oldest is not { } part || _over == part.Count || part[_over].Until > now.UtcTicks)
        {
            return false;
        }

        expired = part[_over];
        part[_over++] = default;
        _waiting--;
        if (_over % PageLength == 0 && part.TakePage(_over - 1) is var page && _freePages.Count < MostFree)
        {
            _freePages.Push(page);
        }

        if (_over == part.Count && part.IsFull)
        {
            _over = 0;
            _oldest = part.Newer;
            _ = _oldest is null ? _newest = null : _oldest.Older = null;
            Parts--;
            Free(part);
        }

        return true;
    }

    private Part NewPart()
    {
        var length = (int)Math.Clamp(BitOperations.RoundUpToPowerOf2((uint)_waiting / UsualParts), ShortestPart, LongestPart);
        return _freeParts.TryPop(out var used) && used.Length == length ? used : new(length);
    }

    private void Free(Part part)
    {
        part.Clear();
        if (_freeParts.Count < MostFree)
        {
            _freeParts.Push(part);
        }
    }

    private sealed class Part(int length)
    {
        // Where answers stand, counted from 1, each in the first free place from that of its id on. Half of the places stay free.
        private readonly int[] _places = new int[2 * length];
        private readonly Delivered[]?[] _pages = new Delivered[length / PageLength][];
        private readonly int _shift = 64 - BitOperations.Log2(2 * (uint)length);

        public int Length => length;

        public Part? Older { get; set; }

        public Part? Newer { get; set; }

        public int Count { get; private set; }

        public bool IsFull => Count == length;

        /// <summary>Whether the next answer stands in a page that is not there yet.</summary>
        public bool NeedsPage => _pages[Count / PageLength] is null;

        public ref Delivered this[int index] => ref _pages[index / PageLength]![index % PageLength];

        public void Give(Delivered[] page) => _pages[Count / PageLength] = page;

        public Delivered[] TakePage(int index)
        {
            ref var page = ref _pages[index / PageLength];
            var taken = page!;
            page = null;
            return taken;
        }

        public void Add(in Delivered answer, bool isFound)
        {
            this[Count++] = answer;
            if (isFound)
            {
                var place = PlaceOf(answer.Key);
                while (_places[place] != 0)
                {
                    place = Next(place);
                }

                _places[place] = Count;
            }
        }

        /// <summary>The one that was added last of those with an id that are not before <paramref name="from"/>.</summary>
        public ref Delivered Find(RequestKey key, int from)
        {
            ref var found = ref Unsafe.NullRef<Delivered>();
            for (var place = PlaceOf(key); _places[place] != 0; place = Next(place))
            {
                var index = _places[place] - 1;
                if (index >= from && this[index].Key == key)
                {
                    found = ref this[index];
                }
            }

            return ref found;
        }

        public void Clear()
        {
            Array.Clear(_places);
            (Older, Newer, Count) = (null, null, 0);
        }

        private int PlaceOf(RequestKey key) => (int)(key.Mixed >> _shift);

        private int Next(int place) => (place + 1) & (_places.Length - 1);
    }
}

/// <summary>An answer that waits for a label.</summary>
/// <param name="Key">The id of its request.</param>
/// <param name="Route">Null when its label came.</param>
/// <param name="Ticket">What its label is counted by; none when it is no evidence.</param>
/// <param name="Until">When it waits no longer: ticks in UTC.</param>
/// <param name="Place">What else is known, where it may be scored or kept as a sample; else null.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Delivered(RequestKey Key, Route? Route, EpochLedger.Delivery Ticket, long Until, PendingPlace? Place);
