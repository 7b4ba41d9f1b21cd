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

        units.News += units.Sketch.Add(unit) ? 1 : 0;
    }

    /// <summary>The stages that had units they did not have before, as soon as they are more than a sketch can be wrong by; once there are many, few have.</summary>
    public IEnumerable<StageUnits> TakeNews()
    {
        foreach (var units in _byAlias.Values.Where(u => u.News > 0 && u.News >= DistinctSketch.StandardError * u.Told))
        {
            units.Told += units.News;
            units.News = 0;
            yield return new(units.Key, units.Sketch);
        }
    }

    private sealed class OfAlias(EvidenceKey key)
    {
        public EvidenceKey Key => key;

        public DistinctSketch Sketch { get; } = new();

        /// <summary>How often the sketch has changed since it was told.</summary>
        public long News { get; set; }

        /// <summary>How often it had changed by then.</summary>
        public long Told { get; set; }
    }
}
