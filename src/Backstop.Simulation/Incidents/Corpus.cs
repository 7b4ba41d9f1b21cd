using System.Collections.Immutable;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Incidents;

/// <summary>Incidents whose cause is known, drawn from all families in turn.</summary>
public static class Corpus
{
    /// <summary>The families' names, in the order of the catalogue.</summary>
    public static ImmutableArray<string> Families => [.. IncidentFamily.All.Select(f => f.Name)];

    /// <summary>How many incidents there will be and how each is made. The same options make the same incidents.</summary>
    /// <exception cref="ArgumentException">No family has the name.</exception>
    public static Func<int, SimulatedIncident> Plan(CorpusOptions options)
    {
        var families = IncidentFamily.All.Where(f => options.Family is not { } name || f.Name.Contains(name, StringComparison.OrdinalIgnoreCase)).ToList();
        if (families.Count == 0)
        {
            throw new ArgumentException($"No family is called '{options.Family}'. Known: {string.Join(", ", Families)}.", nameof(options));
        }

        var (nothing, something) = (families.Where(f => f.IsNothing).ToList(), families.Where(f => !f.IsNothing).ToList());
        return number =>
        {
            var seed = new SplitMix64(((ulong)options.Seed << 32) + (ulong)number).Next();
            var (before, upToThis) = ((int)(number * options.NothingShare), (int)((number + 1) * options.NothingShare));
            var isNothing = something.Count == 0 || (nothing.Count > 0 && upToThis > before);
            var family = isNothing ? nothing[before % nothing.Count] : something[(number - before) % something.Count];
            return SimulatedIncident.Make(family, options, seed);
        };
    }

    /// <summary>One incident of a family by its exact name.</summary>
    public static SimulatedIncident One(string family, CorpusOptions options, ulong seed) =>
        SimulatedIncident.Make(IncidentFamily.All.Single(f => f.Name == family), options, seed);
}
