using System.Collections.Immutable;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Something cheap and safe that would tell suspects apart.</summary>
/// <param name="Words">What to do.</param>
/// <param name="Gain">Expected information about the suspect, in bits.</param>
/// <param name="Cost">Relative to judging an hour of the holdback.</param>
public sealed record DiscriminatingAction(string Words, double Gain, double Cost)
{
    private static readonly ImmutableArray<(string Words, double Cost, string[] Signals)> Known =
    [
        ("Judge every request of the holdback: the contrast needs more of them.", 1, ["production against holdback"]),
        ("Replay captured inputs with one changed part at a time.", 2, ["ablation_model", "ablation_prompt", "ablation_guard", "ablation_index", "ablation_schema"]),
        ("Score the fixed anchors again with the judge.", 0.3, ["judge_anchors"]),
        ("Compare the gateway's count with the stored events, and the age of labels with last week's.", 0.2, ["log_gap", "label_lag", "judged_share"]),
        ("Run the probes on both arms.", 0.5, ["probes"]),
        ("Run the probes on every pool and region.", 0.8, ["one_pool", "one_region"]),
        ("Bypass the cache for a sample.", 0.5, ["cache_hits"]),
        ("Query the previous index with today's requests, on shadow traffic.", 0.8, ["retrieval_overlap", "retrieval_score"]),
        ("Read the age and the error rate of retrieval.", 0.1, ["retrieval_age", "retrieval_errors"]),
        ("Compare the features' null rates and quantiles with yesterday's.", 0.2, ["feature_nulls", "feature_values"]),
        ("Compare what users ask with last week's.", 0.4, ["input_mix"]),
        ("Compare rendered prompts' fingerprints with the registered ones.", 0.1, ["prompt_fingerprint"]),
        ("Compare the provider's fingerprint and the engines' digests with the release's.", 0.1, ["provider_identity", "model_digest"]),
        ("Read the dependencies' status codes and latency.", 0.1, ["provider_errors", "tool_errors"]),
        ("Run the injection check on a sample of the inputs, and count their sources.", 0.3, ["attack_share", "attack_sources"]),
    ];

    /// <summary>The actions that tell something, by expected information for their cost; at most three.</summary>
    /// <remarks>
    /// The information is that between the suspect and whether the action's signals move; signals are taken as independent given
    /// the cause, and of one action's the most telling counts. What was measured already would tell little again.
    /// </remarks>
    public static ImmutableArray<DiscriminatingAction> Ranked(IncidentCase incident, ImmutableArray<CauseProbability> causes)
    {
        var measured = incident.Signals.Select(s => s.Name).Concat(incident.Contrasts.Select(c => c.Name)).ToHashSet(StringComparer.Ordinal);
        var severalParts = incident.ReleaseDiffers is not { } parts || parts.SelectMany(part => SignatureTable.SuspectsOf(part)).Where(cause => SignatureTable.ReachOf(cause) == Reach.Release).Distinct().Count() > 1;
        return
        [
            .. Known
                .Where(action => severalParts || !action.Signals[0].StartsWith("ablation", StringComparison.Ordinal))
                .Select(action => new DiscriminatingAction(
                    action.Words, action.Signals.Where(s => !measured.Contains(s)).Select(s => Information(s, causes)).DefaultIfEmpty(0).Max(), action.Cost))
                .Where(action => action.Gain >= 0.02)
                .OrderByDescending(action => action.Gain / action.Cost)
                .Take(3),
        ];
    }

    // Mutual information of the suspect and a yes or no.
    private static double Information(string signal, ImmutableArray<CauseProbability> causes)
    {
        var yes = causes.Sum(c => c.Probability * Says(signal, c.Cause));
        var given = causes.GroupBy(c => SignatureTable.KindOf(c.Cause)).Sum(kind =>
        {
            var weight = kind.Sum(c => c.Probability);
            return weight <= 0 ? 0 : weight * Entropy(kind.Sum(c => c.Probability * Says(signal, c.Cause)) / weight);
        });
        return Math.Max(0, Entropy(yes) - given);
    }

    private static double Says(string signal, Cause cause) => SignatureTable.Knows(signal)
        ? SignatureTable.Moves(signal, cause)
        : SignatureTable.ReachOf(cause) == Reach.Release ? 0.9 : 0.05;

    private static double Entropy(double p) => p is <= 0 or >= 1 ? 0 : -((p * Math.Log2(p)) + ((1 - p) * Math.Log2(1 - p)));
}
