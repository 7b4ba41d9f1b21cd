using System.Numerics;
using System.Runtime.InteropServices;

namespace Backstop.Gateway.Routing;

/// <summary>Aliases by name: written once, and read by every request.</summary>
/// <remarks>
/// Where thousands of aliases are asked in turn each step of a search waits for memory. So a name is compared last: its hash finds the
/// alias, and while the name is still on its way to the processor so is all that the request will read.
/// </remarks>
internal sealed class AliasTable
{
    // Each in the first free place from that of its hash on. Between a quarter and half of the places are taken.
    private readonly Place[] _places;

    public AliasTable(IReadOnlyCollection<ServedAlias> aliases)
    {
        _places = new Place[2 * BitOperations.RoundUpToPowerOf2((uint)aliases.Count + 1)];
        foreach (var alias in aliases)
        {
            var hash = alias.Name.GetHashCode(StringComparison.Ordinal);
            var place = First(hash);
            while (_places[place].Alias is not null)
            {
                place = Next(place);
            }

            _places[place] = new(hash, alias);
        }
    }

    /// <summary>An alias, which is fetched; null when there is none of that name.</summary>
    public ServedAlias? Find(string name)
    {
        var hash = name.GetHashCode(StringComparison.Ordinal);
        for (var place = First(hash); _places[place].Alias is { } alias; place = Next(place))
        {
            if (_places[place].Hash != hash)
            {
                continue;
            }

            alias.Fetch();
            if (alias.Name == name)
            {
                return alias;
            }
        }

        return null;
    }

    private int First(int hash) => hash & (_places.Length - 1);

    private int Next(int place) => (place + 1) & (_places.Length - 1);

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Place(int Hash, ServedAlias? Alias);
}
