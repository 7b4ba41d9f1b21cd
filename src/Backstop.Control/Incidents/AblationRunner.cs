using System.Collections.Immutable;
using Backstop.Control.Gates;
using Backstop.Control.Registry;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Control.Incidents;

/// <summary>Replays an incident's captured requests with one changed part at a time, and asks again what broke.</summary>
public sealed class AblationRunner(IncidentBook book, GateRunner runner, ReleaseStore releases)
{
    private const int LeastCases = 5;

    /// <summary>Replays.</summary>
    /// <returns>The incident after it; or why it tells nothing.</returns>
    public async Task<(Incident? Incident, string? Why)> Run(Incident incident, CancellationToken cancel)
    {
        var (bad, good) = (await releases.Get(incident.Release), await releases.Get(incident.Baseline));
        var hybrids = Ablation.Hybrids(bad, good);
        var cases = LearningSet.CasesOf(incident.Samples);
        if (hybrids.IsEmpty)
        {
            return (null, $"Fewer than two parts that a model server can be asked with changed from {good.Name} to {bad.Name}: there is nothing to tell apart.");
        }

        if (cases.Length < LeastCases)
        {
            return (null, $"{incident.Id} holds {cases.Length} different failing requests, and it takes {LeastCases}. Switch capture_samples on for {incident.Alias}; samples are kept from then on.");
        }

        var counts = await Task.WhenAll(hybrids.Select(h => h.Release).Prepend(good).Select(async release =>
            (await runner.Ask(release, incident.Alias, cases, Ablation.SamplesPerCase, extraPolicy: null, progress: null, cancel)).Aggregate(new RunCounts(0, 0, 0), (sum, one) => sum + one)));
        ImmutableArray<Signal> readings =
        [
            .. hybrids.Select((h, i) => (h.Signal, Counts: counts[i + 1])).Where(h => h.Counts.Known > 0 && counts[0].Known > 0).Select(h => Ablation.Reading(h.Signal, counts[0], h.Counts)),
        ];
        if (readings.IsEmpty)
        {
            return (null, $"The servers of {good.Name} or of {bad.Name} do not answer any more.");
        }

        return (await book.Investigate(incident.Id, i => i.Ablate(readings)), null);
    }
}
