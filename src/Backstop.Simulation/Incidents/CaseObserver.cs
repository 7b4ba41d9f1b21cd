using System.Collections.Immutable;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Incidents;

/// <summary>Writes down as a case what a control plane would know of an incident: contrasts, signals, the ledger.</summary>
internal sealed class CaseObserver(
    IncidentFamily family, CorpusOptions options, World usual, World today, World broken, ImmutableArray<string> swapped, ulong seed)
{
    private const int RequestsBefore = 4000;
    private const int LongerLook = 2;
    private const int Replayed = 500;
    private static readonly DateTimeOffset Onset = new(2026, 3, 2, 14, 0, 0, TimeSpan.Zero);
    private static readonly string[] Harmless = ["features", "router", "judge", "retrieval", "autoscaler", "engine", "index_build", "telemetry", "secret", "provider"];

    /// <summary>The case at a first or a closer look. The same look gives the same case.</summary>
    public IncidentCase Look(bool closer)
    {
        var luck = new SplitMix64(seed + 1).Split();
        var requests = closer ? LongerLook * options.Requests : options.Requests;
        var judged = closer ? requests : options.Judged;
        var before = new SimulatedTraffic(usual, holdback: false, 2000, seed + 2).Serve(RequestsBefore);
        var after = new SimulatedTraffic(broken, holdback: false, judged, seed + 3, closer ? SimulatedTraffic.CloserAnchors : SimulatedTraffic.UsualAnchors).Serve(requests);
        var signals = new SignalSheet(before, after).Read().Concat(closer ? Ablation() : []).ToList();
        var names = signals.Select(s => s.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Where(_ => !luck.Chance(options.Missing)).ToHashSet(StringComparer.Ordinal);
        var contrasts = Contrasts(before, after, requests, judged, closer ? 900 : 240).ToImmutableArray();
        return new()
        {
            Id = $"{family.Name}, seed {seed}",
            Onset = new(Onset + (options.Late * ((2 * luck.Uniform()) - 1)), luck.Uniform() switch { < 0.15 => null, < 0.20 => !family.Slow, _ => family.Slow }),
            Contrasts = options.Holdback ? contrasts : [],
            Signals = [.. signals.Where(s => names.Contains(s.Name)), .. options.Holdback ? [] : contrasts.Select(c => new Signal(c.Name, new(c.Baseline!.N, c.Baseline.Hits), new(c.Production.N, c.Production.Hits)))],
            Changes = Ledger(luck),
            ReleaseDiffers = swapped,
        };
    }

    private IEnumerable<ArmCounts> Contrasts(Telemetry before, Telemetry after, int requests, int judged, int probes)
    {
        var control = new SimulatedTraffic(broken, holdback: true, judged, seed + 4).Serve(requests);
        foreach (var (name, what) in new[] { ("judged", Counted.Judged), ("schema_failures", Counted.Schema), ("blocks", Counted.Blocks) })
        {
            yield return new(name, Count(after, what), Count(control, what), Count(before, what));
        }

        // Probes are easy requests with known answers, without features or attackers; what they get is compared exactly.
        var quiet = (World w) => w with { Around = w.Around with { HardShare = 0, AttackShare = 0, EmptyShards = 0, FeatureScale = 0, Judge = (0, 0), JudgeRuns = 1, LostGood = 0 } };
        var ask = (World w, bool holdback, int n, ulong s) => Count(new SimulatedTraffic(quiet(w), holdback, n, seed + s).Serve(n), Counted.Judged);
        yield return new("probes", ask(broken, false, probes, 5), ask(broken, true, probes, 6), ask(usual, false, 4 * probes, 7));
    }

    // Captured inputs on the previous release with one part new at a time.
    private IEnumerable<Signal> Ablation()
    {
        if (swapped.Length < 2)
        {
            yield break;
        }

        var old = today.Holdback;
        var bad = broken.Production;
        foreach (var (name, release) in new[] { ("ablation_model", old with { Model = bad.Model }), ("ablation_prompt", old with { Prompt = bad.Prompt }), ("ablation_guard", old with { Guard = bad.Guard }) })
        {
            var (without, with) = (Replay(old), Replay(release));
            yield return new(name, new(without.N, without.Hits), new(with.N, with.Hits));
        }

        Core.Incidents.Suspects.Count Replay(ServedRelease release) =>
            Count(new SimulatedTraffic(today with { Production = release }, holdback: false, Replayed, seed + 8).Serve(Replayed), Counted.Judged);
    }

    private ImmutableArray<Change> Ledger(SplitMix64 luck)
    {
        var ledger = ImmutableArray.CreateBuilder<Change>();
        var sinceSwap = family.Swapped.IsDefault ? TimeSpan.FromDays(1 + (20 * luck.Uniform())) : TimeSpan.FromMinutes(12 * luck.Uniform());
        ledger.Add(new(Onset - sinceSwap, swapped, "the release was promoted"));
        foreach (var fault in family.Faults.Where(f => !f.Parts.IsDefault && luck.Chance(f.Logged)))
        {
            ledger.Add(new(Onset - TimeSpan.FromMinutes(15 * luck.Uniform()), fault.Parts));
        }

        for (var decoys = (int)(luck.Uniform() * (options.Decoys + 1)); decoys > 0; decoys--)
        {
            ledger.Add(new(Onset - TimeSpan.FromMinutes((330 * luck.Uniform()) - 30), [Harmless[(int)(luck.Uniform() * Harmless.Length)]]));
        }

        return ledger.ToImmutable();
    }

    private static Core.Incidents.Suspects.Count Count(Telemetry seen, Counted what)
    {
        var (of, hits) = seen.Of(what);
        return new(of, hits);
    }
}
