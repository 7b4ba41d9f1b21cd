namespace Backstop.Core.Evidence;

/// <summary>Which batches of one start of a gateway were merged already.</summary>
/// <remarks>
/// A batch that does not mention an alias never reaches its evidence, so the numbers seen have gaps that never close. To
/// stay bounded, only the newest <see cref="Remembered"/> gaps' worth of numbers is kept; anything older counts as seen.
/// A stream delivers in order and repeats only what was not acknowledged, so that is never reached in practice.
/// </remarks>
public sealed class SequenceSet
{
    /// <summary>How many numbers above the floor are kept one by one: over a quarter of an hour of batches.</summary>
    public const int Remembered = 4096;

    private readonly SortedSet<long> _above = [];

    /// <summary>Nothing seen.</summary>
    public SequenceSet()
    {
    }

    internal SequenceSet(long floor, IEnumerable<long> above)
    {
        Floor = floor;
        _above.UnionWith(above);
    }

    /// <summary>Every number up to this one counts as seen.</summary>
    public long Floor { get; private set; } = -1;

    /// <summary>The numbers seen above the floor, ascending.</summary>
    public IReadOnlyCollection<long> Above => _above;

    /// <summary>Adds a number; false when it was seen before.</summary>
    public bool Add(long sequence)
    {
        if (sequence <= Floor)
        {
            return false;
        }

        // The usual case, without the tree: the next number of a stream without gaps.
        if (sequence == Floor + 1)
        {
            Floor = sequence;
        }
        else if (!_above.Add(sequence))
        {
            return false;
        }

        while (_above.Count > 0 && (_above.Min == Floor + 1 || _above.Count > Remembered))
        {
            Floor = _above.Min;
            _above.Remove(Floor);
        }

        return true;
    }
}
