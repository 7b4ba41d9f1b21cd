namespace Backstop.Core.Routing;

/// <summary>A hash that is the same in every process, on every machine, for ever: assignments depend on it.</summary>
/// <remarks>FNV-1a over UTF-16 code units, then the 64-bit finaliser of MurmurHash3 so that every bit is mixed.</remarks>
public static class StableHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Hash of <paramref name="salt"/> followed by <paramref name="unit"/>.</summary>
    public static ulong Of(ReadOnlySpan<char> salt, ReadOnlySpan<char> unit)
    {
        var hash = Append(Offset, salt);
        hash = (hash ^ 0x1F) * Prime; // A separator: ("ab", "c") and ("a", "bc") must differ.
        return Finish(Append(hash, unit));
    }

    private static ulong Append(ulong hash, ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            hash = (hash ^ c) * Prime;
        }

        return hash;
    }

    private static ulong Finish(ulong h)
    {
        h ^= h >> 33;
        h *= 0xff51afd7ed558ccd;
        h ^= h >> 33;
        h *= 0xc4ceb9fe1a85ec53;
        return h ^ (h >> 33);
    }
}
