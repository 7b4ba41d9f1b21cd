using Backstop.Core.Incidents;
using Backstop.Protocol;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Incidents;

/// <summary>Redacted samples of failing requests, in memory, for an incident that may come.</summary>
/// <remarks>
/// Bounded: the first samples of the last few releases of an alias. What an incident takes from here becomes durable with
/// it; the rest is forgotten with the process. Nothing enters that does not look redacted.
/// </remarks>
public sealed partial class SampleShelf(ILogger<SampleShelf> log)
{
    private const int MostReleases = 3;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<(string Release, List<IncidentSample> Samples)>> _aliases = new(StringComparer.Ordinal);

    /// <summary>Takes in what a gateway captured.</summary>
    public void Keep(IEnumerable<Sample> samples)
    {
        foreach (var message in samples)
        {
            if (IncidentSample.ReadMessages(message.Messages) is not { } messages)
            {
                continue;
            }

            var sample = new IncidentSample(
                message.Release, message.RequestId, message.Outcome, messages, message.Answer, message.Expected is { Length: > 0 } e ? e : null, message.Attack);
            if (RedactionCheck.Clears(sample))
            {
                Put(message.Alias, sample);
            }
            else
            {
                NotRedacted(log, message.Alias, message.Outcome);
            }
        }
    }

    /// <summary>What is there of a release.</summary>
    public IReadOnlyList<IncidentSample> Of(string alias, string release)
    {
        lock (_lock)
        {
            return _aliases.TryGetValue(alias, out var releases) && releases.Find(r => r.Release == release).Samples is { } samples ? [.. samples] : [];
        }
    }

    private void Put(string alias, IncidentSample sample)
    {
        lock (_lock)
        {
            if (!_aliases.TryGetValue(alias, out var releases))
            {
                _aliases.Add(alias, releases = []);
            }

            var index = releases.FindIndex(r => r.Release == sample.Release);
            var shelf = index >= 0 ? releases[index] : (sample.Release, Samples: []);
            if (index >= 0)
            {
                releases.RemoveAt(index);
            }
            else if (releases.Count == MostReleases)
            {
                releases.RemoveAt(0);
            }

            releases.Add(shelf);
            if (shelf.Samples.Count < Incident.MostSamples)
            {
                shelf.Samples.Add(sample);
            }
        }
    }

    [LoggerMessage(3501, LogLevel.Error, "A sample of {Alias} ({Outcome}) was not fully redacted and was dropped. Look at the gateway's redaction.")]
    private static partial void NotRedacted(ILogger logger, string alias, string outcome);
}
