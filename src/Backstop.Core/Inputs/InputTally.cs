namespace Backstop.Core.Inputs;

/// <summary>Adds up counts in bounded space. Mutable, for one owner at a time.</summary>
public sealed class InputTally
{
    /// <summary>Stands for all that came when there was no room for a name of its own.</summary>
    public const string Others = "others";

    // A system prompt with the user's name in it makes a new fingerprint with every user.
    private const int MostNames = 64;

    private readonly Dictionary<(InputSignal Signal, string What), InputCount> _counts = [];
    private readonly int[] _names = new int[Enum.GetValues<InputSignal>().Length];

    /// <summary>What was counted, in no order.</summary>
    public IReadOnlyCollection<InputCount> Counts => _counts.Values;

    /// <summary>Adds a count.</summary>
    public void Add(InputCount count)
    {
        var key = (count.Signal, What: count.What.Length <= InputCount.LongestWhat ? count.What : count.What[..InputCount.LongestWhat]);
        if (!_counts.TryGetValue(key, out var known))
        {
            if (_names[(int)key.Signal] >= MostNames)
            {
                key.What = Others;
                known = _counts.GetValueOrDefault(key);
            }
            else
            {
                _names[(int)key.Signal]++;
            }
        }

        _counts[key] = known is null ? count with { What = key.What } : known.Add(count);
    }

    /// <summary>Adds all of another tally.</summary>
    public void AddAll(InputTally other)
    {
        foreach (var count in other.Counts)
        {
            Add(count);
        }
    }

    /// <summary>The same with half the weight.</summary>
    public InputTally Halved()
    {
        var half = new InputTally();
        foreach (var count in Counts)
        {
            half.Add(count.Halved());
        }

        return half;
    }

    /// <summary>What was counted under a name, or nothing.</summary>
    public InputCount Of(InputSignal signal, string what = "") => _counts.GetValueOrDefault((signal, what)) ?? new(signal, what, 0);

    /// <summary>Every name of a signal, in order.</summary>
    public IEnumerable<InputCount> All(InputSignal signal) =>
        _counts.Values.Where(c => c.Signal == signal).OrderBy(c => c.What, StringComparer.Ordinal);
}
