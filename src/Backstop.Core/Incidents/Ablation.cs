using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Backstop.Core.Gates;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Registry;

namespace Backstop.Core.Incidents;

/// <summary>Tells apart the parts of a release that changed together: the trusted release is asked again with one of the new parts at a time.</summary>
public static class Ablation
{
    /// <summary>Fresh answers for each captured request.</summary>
    public const int SamplesPerCase = 3;

    // What a model server can be asked with. An index or a schema of features is not sent with a request.
    private static readonly (string Signal, string[] Members)[] Parts =
    [
        ("ablation_model", ["model", "parameters", "serving"]), ("ablation_prompt", ["prompt"]), ("ablation_guard", ["guard_policy"]),
    ];

    /// <summary>The trusted release with one part of the suspected one each, by the signal that it tells about. Empty where fewer than two parts differ.</summary>
    public static ImmutableArray<(string Signal, Release Release)> Hybrids(Release suspected, Release trusted)
    {
        var (bad, good) = (JsonNode.Parse(suspected.Manifest)!.AsObject(), JsonNode.Parse(trusted.Manifest)!.AsObject());
        var changed = Parts.Where(part => part.Members.Any(m => !JsonNode.DeepEquals(bad[m], good[m]))).ToArray();
        return changed.Length < 2 ? [] : [.. changed.Select(part => (part.Signal, Hybrid(part.Members))).Where(h => h.Item2 is not null).Select(h => (h.Signal, h.Item2!))];

        Release? Hybrid(string[] members)
        {
            var mixed = good.DeepClone().AsObject();
            foreach (var member in members)
            {
                mixed.Remove(member);
                if (bad[member] is { } there)
                {
                    mixed[member] = there.DeepClone();
                }
            }

            return Release.Parse(trusted.Name, mixed.ToJsonString()) is ReleaseResult.Parsed parsed ? parsed.Release : null;
        }
    }

    /// <summary>What an investigation makes of it.</summary>
    /// <param name="trusted">What the trusted release did.</param>
    /// <param name="mixed">What it did with the part.</param>
    public static Signal Reading(string signal, RunCounts trusted, RunCounts mixed) =>
        new(signal, new(trusted.Known, trusted.Failures), new(mixed.Known, mixed.Failures));
}
