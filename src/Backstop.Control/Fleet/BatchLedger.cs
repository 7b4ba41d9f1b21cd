namespace Backstop.Control.Fleet;

/// <summary>Which batches of one stream wait to be stored, and by which aliases.</summary>
public sealed class BatchLedger
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ulong, HashSet<string>> _waiting = [];

    /// <summary>A batch arrived that these aliases must store. Returns up to where everything is stored, if that moved.</summary>
    public ulong? Expect(ulong sequence, IEnumerable<string> aliases)
    {
        lock (_gate)
        {
            _waiting[sequence] = new(aliases, StringComparer.Ordinal);
            return Settle();
        }
    }

    /// <summary>An alias stored its part. Returns up to where everything is stored, if that moved.</summary>
    public ulong? Store(string alias, ulong sequence)
    {
        lock (_gate)
        {
            return _waiting.TryGetValue(sequence, out var aliases) && aliases.Remove(alias) ? Settle() : null;
        }
    }

    private ulong? Settle()
    {
        ulong? upTo = null;
        while (_waiting.Count > 0 && _waiting.First() is { Value.Count: 0 } first)
        {
            upTo = first.Key;
            _waiting.Remove(first.Key);
        }

        return upTo;
    }
}
