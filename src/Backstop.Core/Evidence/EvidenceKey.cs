namespace Backstop.Core.Evidence;

/// <summary>The stage some evidence belongs to. Within one generation the arms' releases and shares are constant.</summary>
/// <remarks>Evidence of one generation never judges another.</remarks>
/// <param name="Epoch">The alias's epoch: rises only when a store is restored from backup.</param>
/// <param name="Generation">The alias's generation: rises with every swap and every change of a share.</param>
public readonly record struct EvidenceKey(string Alias, long Epoch, long Generation) : IComparable<EvidenceKey>
{
    /// <inheritdoc/>
    public int CompareTo(EvidenceKey other)
    {
        var byAlias = string.CompareOrdinal(Alias, other.Alias);
        var byEpoch = byAlias != 0 ? byAlias : Epoch.CompareTo(other.Epoch);
        return byEpoch != 0 ? byEpoch : Generation.CompareTo(other.Generation);
    }

    /// <summary>Whether this stage came before <paramref name="other"/>.</summary>
    public static bool operator <(EvidenceKey one, EvidenceKey other) => one.CompareTo(other) < 0;

    /// <summary>Whether this stage came after <paramref name="other"/>.</summary>
    public static bool operator >(EvidenceKey one, EvidenceKey other) => one.CompareTo(other) > 0;

    /// <summary>Whether this stage came before <paramref name="other"/> or is the same.</summary>
    public static bool operator <=(EvidenceKey one, EvidenceKey other) => one.CompareTo(other) <= 0;

    /// <summary>Whether this stage came after <paramref name="other"/> or is the same.</summary>
    public static bool operator >=(EvidenceKey one, EvidenceKey other) => one.CompareTo(other) >= 0;
}
