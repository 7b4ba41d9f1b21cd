using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backstop.Core.Gates;

namespace Backstop.Core.Incidents;

/// <summary>Makes cases of an incident's samples.</summary>
public static class LearningSet
{
    /// <summary>Most cases that one gate is made of: more tell no more, and each is paid for at every promotion.</summary>
    public const int MostCases = 40;

    /// <summary>The cases, each conversation once, in the order in which they were captured.</summary>
    /// <remarks>
    /// Requests that were flagged as attacks come last: the good release fails on them too, so they rarely make it into the
    /// gate, but where there is nothing else they are better than no case.
    /// </remarks>
    public static ImmutableArray<GateCase> CasesOf(IEnumerable<IncidentSample> samples) =>
    [
        .. samples
            .OrderBy(s => s.Attack)
            .GroupBy(s => KeyOf(s.Messages), StringComparer.Ordinal)
            .Select(same => (same.First().Messages, Expected: same.Select(s => s.Expected).FirstOrDefault(e => e is not null)))
            .Take(MostCases)
            .Select((c, i) => new GateCase($"case-{i + 1:000}", c.Messages, c.Expected)),
    ];

    // Two conversations are the same when they differ in spacing and case only.
    private static string KeyOf(ImmutableArray<GateMessage> messages)
    {
        var key = new StringBuilder();
        foreach (var message in messages)
        {
            var words = message.Content.ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            key.Append(JsonEncodedText.Encode(message.Role)).Append('"').Append(JsonEncodedText.Encode(string.Join(' ', words))).Append('"');
        }

        return key.ToString();
    }
}
