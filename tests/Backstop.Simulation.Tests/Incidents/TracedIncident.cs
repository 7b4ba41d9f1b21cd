using System.Globalization;
using System.Text;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Tests.Incidents;

/// <summary>A second way to make incidents, which shares no code and no idea with the corpus.</summary>
/// <remarks>
/// No requests here: components with a health that wanders from minute to minute, arrivals by the minute, and a monitoring system
/// that exports series under its own names, most of them as deviations from their own history. It knows neither the format's
/// names for signals nor the table of signatures; what diagnosis gets is the JSON text.
/// </remarks>
internal sealed class TracedIncident
{
    private const int Minutes = 60;
    private readonly SplitMix64 _luck;
    private readonly string _fault;
    private readonly double _effect;
    private readonly Dictionary<string, double> _wander = [];

    private TracedIncident(string fault, double effect, ulong seed) => (_fault, _effect, _luck) = (fault, effect, new SplitMix64(seed).Split());

    /// <summary>Which component fails, who is to blame, and whether the previous release would have done better.</summary>
    public static readonly (string Fault, SuspectKind? Suspect, bool Rollback)[] All =
    [
        ("weights", SuspectKind.Model, true),
        ("instructions", SuspectKind.Prompt, true),
        ("checker", SuspectKind.Guard, true),
        ("hand-edited instructions", SuspectKind.Prompt, false),
        ("empty columns", SuspectKind.Data, false),
        ("scaled columns", SuspectKind.Data, false),
        ("population", SuspectKind.Data, false),
        ("old documents", SuspectKind.Upstream, false),
        ("search", SuspectKind.Upstream, false),
        ("vendor", SuspectKind.Upstream, false),
        ("tool", SuspectKind.Upstream, false),
        ("bots", SuspectKind.Attack, false),
        ("replica", SuspectKind.Serving, false),
        ("memory", SuspectKind.Serving, false),
        ("grader", SuspectKind.Measurement, false),
        ("collector", SuspectKind.Measurement, false),
        ("nothing", null, false),
    ];

    public static string Make(string fault, double effect, ulong seed) => new TracedIncident(fault, effect, seed).Export();

    private string Export()
    {
        var series = new SortedDictionary<string, (List<double> Before, List<double> After)>(StringComparer.Ordinal);
        var counts = new SortedDictionary<string, (double N, double Hits)[]>(StringComparer.Ordinal);
        for (var minute = -2 * Minutes; minute < Minutes; minute++)
        {
            Minute(minute, series, counts);
        }

        var json = new StringBuilder();
        var swapped = _fault switch { "weights" => "weights", "instructions" => "system prompt", "checker" => "guard", _ => _luck.Chance(0.3) ? "weights" : "" };
        var parts = swapped.Length > 0 ? $"\"{swapped}\"" : "\"weights\",\"system prompt\"";
        var minutes = swapped.Length > 0 ? 20 * _luck.Uniform() : 9000;
        json.Append(CultureInfo.InvariantCulture, $$"""{"id":"{{_fault}}","onset":{"at":"2026-05-04T09:00:00Z"},"release_differs":[{{parts}}],""");
        json.Append(CultureInfo.InvariantCulture, $$""" "changes":[{"minutes_before_onset":{{minutes}},"parts":[{{parts}}]}],"contrasts":[""");
        json.AppendJoin(',', new[] { "judge_failures", "malformed_json", "golden_set_failures", "toxicity_blocks" }.Select(Contrast));
        json.Append("],\"signals\":[");
        json.AppendJoin(',', series.Select(s => Z(s.Key, s.Value.Before, s.Value.After)).Concat(new[] { "unknown_prompt_hash", "vendor_5xx", "jailbreak_hits", "nulls{col=price}", "search.timeouts", "tool_failures", "anchor_disagreement", "events_missing", "http_5xx" }.Select(Counted)).Append(Replica()));
        return json.Append("]}").ToString();

        string Contrast(string name) =>
            $$"""{"name":"{{name}}","production":{{Pair(counts[name + "/p"][1])}},"holdback":{{Pair(counts[name + "/h"][1])}},"baseline":{{Pair(counts[name + "/p"][0])}}}""";
        string Counted(string name) => $$"""{"name":"{{name}}","before":{{Pair(counts[name][0])}},"after":{{Pair(counts[name][1])}}}""";
        string Replica() => $$"""{"name":"failures per replica","rest":{{Pair(counts["others"][1])}},"slice":{{Pair(counts["replica"][1])}}}""";
        static string Pair((double N, double Hits) c) => string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{c.N}},"hits":{{c.Hits}}}""");
        static string Z(string name, List<double> before, List<double> after)
        {
            // Against blocks of ten minutes, because minutes follow each other.
            var blocks = before.Chunk(10).Select(b => b.Average()).ToList();
            var mean = blocks.Average();
            var deviation = Math.Sqrt(blocks.Sum(b => (b - mean) * (b - mean)) / (blocks.Count - 1)) + 1e-6;
            return string.Create(CultureInfo.InvariantCulture, $$"""{"name":"{{name}}","z":{{Math.Clamp((after.Average() - mean) / deviation, -60, 60)}}}""");
        }
    }

    private void Minute(int minute, SortedDictionary<string, (List<double> Before, List<double> After)> series, SortedDictionary<string, (double N, double Hits)[]> counts)
    {
        var e = minute >= 0 ? _effect * Math.Min(1, (minute + 1) / (_fault is "population" or "old documents" or "memory" ? 30.0 : 3.0)) : 0;
        double At(string fault, double most) => _fault == fault ? e * most : 0;
        var arrivals = 60 * Math.Exp((0.2 * Math.Sin(minute / 40.0)) + Wander("load", 0.1));

        // Losses: each component's share of spoiled requests among those that pass it.
        var (weights, instructions, hand) = (At("weights", 0.3), At("instructions", 0.25), At("hand-edited instructions", 0.3));
        var shared = At("empty columns", 0.25) + At("scaled columns", 0.3) + At("population", 0.25) + (0.4 * (At("old documents", 0.5) + At("search", 0.7))) + (0.2 * At("tool", 0.9)) + (0.12 * At("replica", 0.9)) + At("vendor", 0.15) + At("memory", 0.1) + hand;
        var wander = Math.Exp(Wander("quality", 0.08));
        foreach (var (arm, share, own) in new[] { ("/p", 1.0, weights + instructions + At("checker", 0.05)), ("/h", 0.5, 0.0) })
        {
            var n = Poisson(arrivals * share * 0.3);
            var bad = Math.Min(0.95, 1 - ((1 - (0.07 * wander)) * (1 - shared) * (1 - own)));
            Add(counts, "judge_failures" + arm, minute, n, Binomial(n, (bad * 0.88) + ((1 - bad) * (0.04 + At("grader", 0.25)))));
            Add(counts, "malformed_json" + arm, minute, n, Binomial(n, 0.006 + (arm == "/p" ? (0.5 * instructions) + (0.3 * weights) : 0) + (0.6 * hand)));
            var probes = Poisson(4);
            Add(counts, "golden_set_failures" + arm, minute, probes, Binomial(probes, 0.04 + (arm == "/p" ? 0.8 * (weights + instructions) : 0) + (0.5 * hand) + (0.3 * At("search", 0.7)) + At("vendor", 0.12)));
            Add(counts, "toxicity_blocks" + arm, minute, 3 * n, Binomial(3 * n, 0.008 + (arm == "/p" ? (0.15 * weights) + At("checker", 0.2) : 0) + At("bots", 0.03)));
        }

        var all = Poisson(arrivals);
        Add(counts, "unknown_prompt_hash", minute, all, Binomial(all, 0.002 + At("hand-edited instructions", 0.9)));
        Add(counts, "vendor_5xx", minute, all, Binomial(all, (0.01 * wander) + At("vendor", 0.25)));
        Add(counts, "jailbreak_hits", minute, all, Binomial(all, (0.02 * Math.Exp(Wander("bots", 0.2))) + At("bots", 0.4)));
        Add(counts, "nulls{col=price}", minute, all, Binomial(all, 0.006 + At("empty columns", 0.5)));
        Add(counts, "search.timeouts", minute, all * 0.4, Binomial((int)(all * 0.4), 0.006 + At("search", 0.6)));
        Add(counts, "tool_failures", minute, all * 0.2, Binomial((int)(all * 0.2), 0.02 + At("tool", 0.7)));
        Add(counts, "anchor_disagreement", minute, 4, Binomial(4, 0.05 + At("grader", 0.35)));
        Add(counts, "events_missing", minute, all, Binomial(all, 0.004 + At("collector", 0.4)));
        Add(counts, "http_5xx", minute, all, Binomial(all, 0.004 + At("vendor", 0.12) + At("memory", 0.12) + (0.4 * At("search", 0.25)) + (0.12 * At("replica", 0.4))));
        Add(counts, "replica", minute, all * 0.12, Binomial((int)(all * 0.12), (0.07 * wander) + At("replica", 0.6)));
        Add(counts, "others", minute, all * 0.88, Binomial((int)(all * 0.88), (0.07 * wander) + Math.Min(0.5, shared * (_fault == "replica" ? 0 : 1))));

        Sample("p95_response_time", 1.2 + (0.3 * (arrivals - 60) / 60) + At("memory", 2) + At("vendor", 0.9) + At("search", 0.9), 0.08);
        Sample("gpu_queue_depth", 3 + (4 * (arrivals - 60) / 60) + At("memory", 9), 0.6);
        Sample("doc_age_hours", 30 + At("old documents", 400), 3);
        Sample("search_latency", 0.2 + At("search", 1.4), 0.03);
        Sample("vendor_ttft", 0.4 + At("vendor", 0.8), 0.05);
        Sample("psi_price", 0.05 + At("scaled columns", 2) + At("population", 0.2) + At("empty columns", 0.2), 0.02);
        Sample("topic_shift", 0.1 + At("population", 0.8) + (0.3 * At("bots", 0.4)), 0.05);
        Sample("answer_tokens", 200 + (_fault is "weights" or "instructions" or "hand-edited instructions" ? e * 40 : 0), 9);
        Sample("distinct_ips", 40 - At("bots", 20), 4);
        Sample("feature_violations", 0.01 + At("scaled columns", 0.4), 0.01);

        void Sample(string name, double level, double noise)
        {
            var value = level + (noise * (Normal() + (2 * Wander(name, 0.3))));
            if (!series.TryGetValue(name, out var lists))
            {
                series.Add(name, lists = ([], []));
            }

            (minute < 0 ? lists.Before : lists.After).Add(value);
        }
    }

    // A random walk that is drawn back to zero: what is odd this minute is odd the next one too.
    private double Wander(string what, double size) => _wander[what] = (0.95 * _wander.GetValueOrDefault(what)) + (0.31 * size * Normal());

    private static void Add(SortedDictionary<string, (double N, double Hits)[]> counts, string name, int minute, double n, double hits)
    {
        if (!counts.TryGetValue(name, out var pair))
        {
            counts.Add(name, pair = [(0, 0), (0, 0)]);
        }

        ref var half = ref pair[minute < 0 ? 0 : 1];
        half = (half.N + (int)n, half.Hits + Math.Min(hits, (int)n));
    }

    private int Binomial(int n, double p)
    {
        var hits = 0;
        for (var i = 0; i < n; i++)
        {
            hits += _luck.Chance(p) ? 1 : 0;
        }

        return hits;
    }

    private int Poisson(double mean) => (int)Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal())));

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _luck.Uniform())) * Math.Cos(2 * Math.PI * _luck.Uniform());
}
