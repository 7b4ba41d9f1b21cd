using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Routing;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Signals;

/// <summary>Counts the different units in the baseline of each alias's present stage. Not thread-safe.</summary>
internal sealed class BaselineUnits
{
    private readonly Dictionary<string, OfAlias> _byAlias = [];

    /// <summary>A unit was assigned to the baseline.</summary>
    public void Add(Route route, ulong unit)
    {
        if (!_byAlias.TryGetValue(route.Alias, out var units) || units.Key.Generation != route.Generation || units.Key.Epoch != route.Epoch)
        {
            // A request that was still on its way when the stage ended begins no count anew that a later stage has.
            if (units is not null && route.Epoch <= units.Key.Epoch && route.Generation < units.Key.Generation)
            {
                return;
            }

            _byAlias[route.Alias] = units = new(new(route.Alias, route.Epoch, route.Generation));
        }

        units.HasNews |= units.Sketch.Add(unit);
    }

    /// <summary>The stages that had units they did not have before; once there are many, few have.</summary>
    public IEnumerable<StageUnits> TakeNews()
    {
        foreach (var units in _byAlias.Values.Where(u => u.HasNews))
        {
            units.HasNews = false;
            yield return new(units.Key, units.Sketch);
        }
    }

    private sealed class OfAlias(EvidenceKey key)
    {
        public EvidenceKey Key => key;

        public DistinctSketch Sketch { get; } = new();

        public bool HasNews { get; set; }
    }
}
