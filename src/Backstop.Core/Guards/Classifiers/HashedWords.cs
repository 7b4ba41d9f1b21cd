namespace Backstop.Core.Guards.Classifiers;

/// <summary>A fixed set of words, each with a value, found by a hash that the reader of a text has at hand anyway.</summary>
/// <remarks>Open addressing with half of the places empty: most words of a text are not in the list, and one look tells.</remarks>
internal sealed class HashedWords<T>
    where T : struct
{
    private readonly (string? Word, T Value)[] _places;

    /// <summary>Of two equal words the first counts.</summary>
    public HashedWords(IReadOnlyCollection<KeyValuePair<string, T>> words)
    {
        var size = 16;
        while (size < 2 * words.Count)
        {
            size *= 2;
        }

        _places = new (string?, T)[size];
        foreach (var (word, value) in words)
        {
            ref var place = ref _places[PlaceOf(word, Features.Hash(word))];
            place = place.Word is null ? (word, value) : place;
        }
    }

    /// <param name="hash"><see cref="Features.Hash"/> of the word.</param>
    public bool TryGet(ReadOnlySpan<char> word, uint hash, out T value)
    {
        ref readonly var place = ref _places[PlaceOf(word, hash)];
        value = place.Value;
        return place.Word is not null;
    }

    // Where the word is, or the empty place where it would be.
    private uint PlaceOf(ReadOnlySpan<char> word, uint hash)
    {
        var mask = (uint)_places.Length - 1;
        var at = Features.Mix(hash) & mask;
        while (_places[at].Word is { } other && !word.SequenceEqual(other))
        {
            at = (at + 1) & mask;
        }

        return at;
    }
}
