namespace Backstop.Core.Inputs;

/// <summary>Adds up counts in bounded space. Mutable, for one owner at a time.</summary>
public sealed class InputTally
{
    /// <summary>Stands for all that came when there was no room for a name of its own.</summary>
    public const string Others = "others";

    // A system prompt with the user's name in it makes a new fingerprint with every user.
    private const int MostNames = 64;

    private static readonly int Signals = Enum.GetValues<InputSignal>().Length;

    private readonly Dictionary<(InputSignal Signal, string What), InputCount> _counts = [];
    private Dictionary<(InputSignal Signal, string What), ValueCounts>? _values; // Texts bring none.
    private readonly int[] _names = new int[Signals];

    /// <summary>What was counted, in no order, without where values fell.</summary>
    public IReadOnlyCollection<InputCount> Counts => _counts.Values;

    /// <summary>What was counted, in no order, with where values fell.</summary>
    public IEnumerable<InputCount> CountsWithValues =>
        _counts.Select(c => _values is not null && _values.TryGetValue(c.Key, out var values) ? c.Value with { Values = values.Bins } : c.Value);

    /// <summary>Adds a count.</summary>
    public void Add(InputCount count)
    {
        var key = (count.Signal, What: Cut(count.What));
        if (!_counts.TryGetValue(key, out var known) && key.What != Others)
        {
            if (_names[(int)key.Signal] < MostNames)
            {
                _names[(int)key.Signal]++;
            }
            else if (!IsNamesAlone(key.Signal))
            {
                key.What = Others;
                known = _counts.GetValueOrDefault(key);
            }
            else if (MakeRoom(count) is { } left)
            {
                count = left;
                _names[(int)key.Signal]++;
            }
            else
            {
                return;
            }
        }

        _counts[key] = known is not null ? known.Add(count) : ReferenceEquals(count.What, key.What) ? count : count with { What = key.What };
    }

    /// <summary>Adds finite values, and where they fall.</summary>
    public void Add(InputSignal signal, string what, IReadOnlyList<double> values)
    {
        var (sum, squares, most) = (0.0, 0.0, double.MinValue);
        foreach (var value in values)
        {
            (sum, squares, most) = (sum + value, squares + (value * value), Math.Max(most, value));
        }

        Add(new InputCount(signal, what, values.Count, 0, sum, squares, most));
        var key = (signal, Cut(what));
        if (_counts.ContainsKey(key))
        {
            _values ??= [];
            if (!_values.TryGetValue(key, out var counts))
            {
                _values.Add(key, counts = new());
            }

            foreach (var value in values)
            {
                counts.Add(new(ValueCounts.BinOf(value), 1));
            }
        }
    }

    // Misra and Gries: what a name that came too late has is taken off every name and given to the others, and names with nothing left
    // go. So a name is short of its count by at most a 65th of what the others have, also after merging: what is frequent has a name
    // whenever it comes.
    private InputCount? MakeRoom(InputCount late)
    {
        InputCount[] named = [.. _counts.Values.Where(c => c.Signal == late.Signal && c.What != Others)];
        var taken = Math.Min(late.N, named.Min(c => c.N));
        foreach (var name in named)
        {
            var key = (name.Signal, name.What);
            if (name.N > taken)
            {
                _counts[key] = name with { N = name.N - taken };
            }
            else
            {
                _counts.Remove(key);
                _names[(int)name.Signal]--;
            }
        }

        _counts[(late.Signal, Others)] = Of(late.Signal, Others).Add(new(late.Signal, Others, taken * (named.Length + 1)));
        return late.N > taken ? late with { N = late.N - taken } : null;
    }

    // Where nothing but how often a name came is counted.
    private static bool IsNamesAlone(InputSignal signal) => signal is InputSignal.PromptFingerprint or InputSignal.RetrievalIndex;

    /// <summary>A name as it is counted: cut where it is too long.</summary>
    public static string Cut(string what) => what.Length <= InputCount.LongestWhat ? what : what[..InputCount.LongestWhat];

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
