using Backstop.Core.Incidents.Suspects;

namespace Backstop.Simulation.Incidents;

/// <summary>Telemetry before and after an onset, under the names of the format of cases.</summary>
internal sealed class SignalSheet(Telemetry before, Telemetry after)
{
    private static readonly (string Name, Counted What, string? Which)[] Counts =
    [
        ("errors", Counted.Errors, null),
        ("refusals", Counted.Refusals, null),
        ("truncation", Counted.Truncated, null),
        ("feedback", Counted.Feedback, null),
        ("one_check", Counted.OneCheck, null),
        ("input_blocks", Counted.InputBlocks, null),
        ("attack_share", Counted.Attacks, null),
        ("attack_clusters", Counted.OneTemplate, null),
        ("input_mix", Counted.HardSubject, "hard subjects"),
        ("input_mix", Counted.NewSubject, "the newest subject"),
        ("feature_nulls", Counted.NullFirst, "basket"),
        ("feature_nulls", Counted.NullSecond, "age"),
        ("feature_violations", Counted.Violations, "basket"),
        ("retrieval_errors", Counted.RetrievalErrors, null),
        ("retrieval_empty", Counted.RetrievalEmpty, null),
        ("provider_errors", Counted.ProviderErrors, null),
        ("tool_errors", Counted.ToolFailed, null),
        ("prompt_fingerprint", Counted.UnknownPrompt, null),
        ("model_digest", Counted.UnknownDigest, null),
        ("judged_share", Counted.JudgeRan, null),
        ("judge_anchors", Counted.Anchors, null),
        ("log_gap", Counted.Lost, null),
    ];

    private static readonly (string Name, Averaged What, string? Which)[] Means =
    [
        ("latency", Averaged.Latency, null),
        ("output_length", Averaged.Length, null),
        ("retrieval_latency", Averaged.RetrievalLatency, null),
        ("retrieval_age", Averaged.RetrievalAge, null),
        ("retrieval_score", Averaged.RetrievalScore, null),
        ("provider_latency", Averaged.ProviderLatency, null),
        ("feature_values", Averaged.FeatureFirst, "basket"),
        ("feature_values", Averaged.FeatureSecond, "age"),
        ("label_lag", Averaged.LabelLag, null),
    ];

    private const double Prior = 200;

    private static readonly string[] Slices = ["one_pool", "one_region", "one_tenant", "one_route", "cache_hits", "long_prompts"];

    public IEnumerable<Signal> Read()
    {
        foreach (var (name, what, which) in Counts)
        {
            var (was, now) = (before.Of(what), after.Of(what));
            if (was.Of > 0 && now.Of > 0)
            {
                yield return new(name, new(was.Of, was.Hits), new(now.Of, now.Hits), which);
            }
        }

        foreach (var (name, what, which) in Means)
        {
            var (was, now) = (before.Of(what), after.Of(what));
            if (was.N > 1 && now.N > 1)
            {
                yield return new(name, new(was.N, null, was.Mean, was.Deviation), new(now.N, null, now.Mean, now.Deviation), which);
            }
        }

        for (var cut = 0; cut < Slices.Length; cut++)
        {
            foreach (var signal in Sliced(cut))
            {
                yield return signal;
            }
        }
    }

    // How much more a slice fails than the rest, now against before: some slices are always worse.
    private IEnumerable<Signal> Sliced(int cut)
    {
        var (was, now) = (before.Slices(cut), after.Slices(cut));
        var (of, hits) = (now.Sum(s => s.Of), now.Sum(s => s.Hits));
        var usual = was.Sum(s => s.Hits) / (double)Math.Max(1, was.Sum(s => s.Of));
        for (var value = now.Count > 2 ? 0 : 1; value < now.Count; value++)
        {
            var (slice, rest) = (now[value], (Of: of - now[value].Of, Hits: hits - now[value].Hits));
            if (slice.Of == 0 || rest.Of == 0)
            {
                continue;
            }

            // The rest's failures as they would be if the slice's usual excess, drawn towards none, held for it.
            var excess = usual > 0 ? (was[value].Hits + (Prior * usual)) / (was[value].Of + Prior) / usual : 1;
            yield return new(Slices[cut], new(rest.Of, Math.Min(rest.Of, rest.Hits * excess)), new(slice.Of, slice.Hits), $"{Telemetry.Cuts[cut].By} {value}");
        }
    }
}
