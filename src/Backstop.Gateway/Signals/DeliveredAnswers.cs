using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Signals;

/// <summary>Answers that were delivered and may still be labelled, in the order in which they were. Not thread-safe.</summary>
/// <remarks>
/// A busy gateway has hundreds of thousands of them, and nearly none is ever labelled: so what each costs is to be written down behind the
/// one before and to be forgotten with it. In a table of all by id every request would reach for memory that no cache holds, twice.
/// Here each part of the list has a small table of its own, and who looks for an id asks one part after the other, the newest first.
/// </remarks>
internal sealed class DeliveredAnswers
{
    private const int MostFree = 64;

    private readonly Stack<Part> _free = new();
    private Part? _oldest;
    private Part? _newest;

    // How many of the oldest part are over.
    private int _over;

    /// <summary>Takes note of one.</summary>
    /// <param name="isLatest">Whether its id is still its own. A label for one that another request has now is not for this answer.</param>
    public void Add(in Delivered answer, bool isLatest)
    {
        if (_newest is not { IsFull: false } part)
        {
            part = _free.TryPop(out var used) ? used : new();
            part.Older = _newest;
            _newest = _newest is null ? _oldest = part : _newest.Newer = part;
        }

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
        if (_over == part.Count && part.IsFull)
        {
            _over = 0;
            _oldest = part.Newer;
            _ = _oldest is null ? _newest = null : _oldest.Older = null;
            Free(part);
        }

        return true;
    }

    private void Free(Part part)
    {
        part.Clear();
        if (_free.Count < MostFree)
        {
            _free.Push(part);
        }
    }

    private sealed class Part
    {
        private const int Length = 1024;

        // Where answers stand, counted from 1, each in the first free place from that of its id on. Half of the places stay free.
        private readonly ushort[] _places = new ushort[2 * Length];
        private readonly Delivered[] _answers = new Delivered[Length];

        public Part? Older { get; set; }

        public Part? Newer { get; set; }

        public int Count { get; private set; }

        public bool IsFull => Count == Length;

        public ref Delivered this[int index] => ref _answers[index];

        public void Add(in Delivered answer, bool isFound)
        {
            _answers[Count++] = answer;
            if (isFound)
            {
                var place = PlaceOf(answer.Key);
                while (_places[place] != 0)
                {
                    place = Next(place);
                }

                _places[place] = (ushort)Count;
            }
        }

        /// <summary>The one that was added last of those with an id that are not before <paramref name="from"/>.</summary>
        public ref Delivered Find(RequestKey key, int from)
        {
            ref var found = ref Unsafe.NullRef<Delivered>();
            for (var place = PlaceOf(key); _places[place] != 0; place = Next(place))
            {
                var index = _places[place] - 1;
                if (index >= from && _answers[index].Key == key)
                {
                    found = ref _answers[index];
                }
            }

            return ref found;
        }

        public void Clear()
        {
            Array.Clear(_places);
            (Older, Newer, Count) = (null, null, 0);
        }

        private static int PlaceOf(RequestKey key) => (int)(key.Mixed >> 53) & ((2 * Length) - 1);

        private static int Next(int place) => (place + 1) & ((2 * Length) - 1);
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
