namespace Backstop.Gateway.Signals;

/// <summary>Where each alias is counted, as long as somebody keeps that: who serves the alias does, and so does the next batch.</summary>
/// <remarks>Not for two threads.</remarks>
internal sealed class CountedAliases
{
    private const int Few = 64;

    private readonly Dictionary<string, WeakReference<AliasSums>> _sums = new(StringComparer.Ordinal);
    private int _most = Few;

    /// <summary>How many names it has, those of aliases that are gone among them until it looks for them.</summary>
    public int Count => _sums.Count;

    /// <summary>Where an alias is counted; the same for as long as somebody keeps it.</summary>
    public AliasSums Of(string alias)
    {
        if (_sums.TryGetValue(alias, out var known) && known.TryGetTarget(out var sums))
        {
            return sums;
        }

        Forget();
        sums = new(alias);
        _sums[alias] = new(sums);
        return sums;
    }

    // When there are twice as many as after the last time: what it costs is the same for each.
    private void Forget()
    {
        if (_sums.Count < _most)
        {
            return;
        }

        foreach (var (alias, sums) in _sums)
        {
            if (!sums.TryGetTarget(out _))
            {
                _sums.Remove(alias);
            }
        }

        _most = Few + (2 * _sums.Count);
    }
}
