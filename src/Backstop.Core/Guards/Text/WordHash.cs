namespace Backstop.Core.Guards.Text;

/// <summary>A number for a word as a reader takes it: case, accents and width do not matter. The same in every process.</summary>
public static class WordHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>FNV-1a over the folded characters.</summary>
    public static ulong Of(ReadOnlySpan<char> word)
    {
        var hash = Offset;
        foreach (var c in word)
        {
            var folded = CharFold.Fold(c);
            hash = folded == CharFold.Dropped ? hash : (hash ^ folded) * Prime;
        }

        return hash;
    }
}
