using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Simulation.Detectors;

namespace Backstop.Simulation.Detection;

/// <summary>What to simulate.</summary>
public sealed record DetectionOptions
{
    /// <summary>Repetitions of every scenario.</summary>
    public int Repetitions { get; init; } = 1000;

    /// <summary>Requests of a repetition in which nothing is wrong; the others end when every rule has fired, or here.</summary>
    public int Requests { get; init; } = 20_000;

    /// <summary>Probability of a false rollback that the rules which know one are set to.</summary>
    public double Alpha { get; init; } = 1e-3;

    /// <summary>Seed of the first repetition.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Only scenarios whose name contains this; all when null.</summary>
    public string? Only { get; init; }

    /// <summary>Whether requests are drawn by the hundred where nothing is wrong and a rule sees only counts, and sessions as a whole: see <see cref="CountedRun"/>.</summary>
    public bool Counted { get; init; }

    /// <summary>Only rules whose name contains this; all when null.</summary>
    public string? Rule { get; init; }
}

/// <summary>What one rule did in one scenario.</summary>
/// <param name="ShouldFire">Whether the tested release is worse; if not, every rollback is a false one.</param>
/// <param name="Fired">How often the rule rolled back at all, before the end of the repetition.</param>
/// <param name="FiredEarly">How often it did before the release was worse; equal to <paramref name="Fired"/> when it never is.</param>
/// <param name="MeanDelay">Requests of both arms until it fired, over the repetitions in which it fired rightly.</param>
/// <param name="MeanTested">Requests of the tested arm among them.</param>
/// <param name="Bound">The fewest any rule could need on average, or null where nothing is to be found.</param>
/// <param name="Froze">How often it said that the arms cannot be compared, or null when it never did.</param>
/// <param name="Named">How often it named a replica, or null when it never did.</param>
public sealed record DetectionRow(
    string Scenario, string Rule, bool ShouldFire, Proportion Fired, Proportion FiredEarly,
    double? MeanDelay, double? P50, double? P95, double? P99, double? MeanTested, double? Bound, Frozen? Froze, NamedReplica? Named);

/// <summary>Decisions that were frozen.</summary>
/// <param name="MeanRequests">Requests of both arms until then.</param>
public sealed record Frozen(Proportion Share, double MeanRequests);

/// <summary>Replicas that were named sick.</summary>
/// <param name="Wrong">How often one was named that is not sick.</param>
/// <param name="MeanRequests">Requests of both arms until the first.</param>
public sealed record NamedReplica(Proportion Share, Proportion Wrong, double MeanRequests);

/// <summary>Runs every rule on the same simulated streams and counts how often and how late it fires.</summary>
public static class DetectionLab
{
    /// <summary>The whole table. The same options give the same numbers.</summary>
    public static ImmutableArray<DetectionRow> Run(DetectionOptions options) =>
        [.. ScenariosOf(options).SelectMany(scenario => Run(scenario, options))];

    /// <summary>The scenarios of the table that are asked for.</summary>
    public static IEnumerable<DetectionScenario> ScenariosOf(DetectionOptions options) =>
        Scenarios.All(options.Requests).Where(s => options.Only is not { } only || s.Name.Contains(only, StringComparison.OrdinalIgnoreCase));

    /// <summary>The rules of a scenario that are asked for.</summary>
    public static ImmutableArray<Rule> RulesOf(DetectionScenario scenario, DetectionOptions options) =>
    [
        .. DetectorSet.For(scenario, options.Alpha)
            .Where(r => options.Rule is not { } only || r.Name.Contains(only, StringComparison.OrdinalIgnoreCase)),
    ];

    /// <summary>The rows of one scenario.</summary>
    /// <param name="repeated">Told after every repetition, from any thread.</param>
    public static ImmutableArray<DetectionRow> Run(DetectionScenario scenario, DetectionOptions options, Action? repeated = null)
    {
        var rules = RulesOf(scenario, options);

        // By repetition, so that the order in which threads end changes nothing.
        var runs = new RunOfRule[options.Repetitions][];
        Parallel.For(0, options.Repetitions, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, repetition =>
        {
            runs[repetition] = Repeat(scenario, rules, options, options.Seed + repetition);
            repeated?.Invoke();
        });
        return [.. rules.Select((rule, i) => Summarise(scenario, rule, [.. runs.Select(r => r[i])], options))];
    }

    private static RunOfRule[] Repeat(DetectionScenario scenario, ImmutableArray<Rule> rules, DetectionOptions options, int seed)
    {
        var runs = new RunOfRule[rules.Length];
        var stream = new RequestStream(scenario, seed);
        IDetector[] detectors = [.. rules.Select(r => r.Start())];
        List<int> streamed = [];
        for (var rule = 0; rule < rules.Length; rule++)
        {
            var place = rule;
            if (!options.Counted || !CountedRun.TryPlay(scenario, detectors[rule], seed, (reaction, seen) => runs[place].IsOver(reaction, seen, tested: 0)))
            {
                streamed.Add(rule);
            }
        }

        int[] running = [.. streamed];
        var (left, seen, tested) = (running.Length, 0, 0);
        while (left > 0 && stream.TryNext(out var request))
        {
            seen++;
            tested += request.Tested ? 1 : 0;
            for (var i = left - 1; i >= 0; i--)
            {
                var rule = running[i];
                var reaction = detectors[rule].Watch(request);
                if (reaction.Kind != ReactionKind.None && runs[rule].IsOver(reaction, seen, tested))
                {
                    running[i] = running[--left];
                }
            }
        }

        return runs;
    }

    private static DetectionRow Summarise(DetectionScenario scenario, Rule rule, ImmutableArray<RunOfRule> runs, DetectionOptions options)
    {
        RunOfRule[] fired = [.. runs.Where(r => r.RolledBackAt > 0)];
        var change = scenario.ChangeAt ?? int.MaxValue;
        RunOfRule[] right = [.. fired.Where(r => r.RolledBackAt > change).OrderBy(r => r.RolledBackAt)];
        RunOfRule[] froze = [.. runs.Where(r => r.FrozenAt > 0)];
        RunOfRule[] named = [.. runs.Where(r => r.NamedAt > 0)];
        return new(
            scenario.Name, rule.Name, scenario.ChangeAt is not null,
            Proportion.Of(fired.Length, runs.Length), Proportion.Of(fired.Length - right.Length, runs.Length),
            right.Length == 0 ? null : right.Average(r => r.RolledBackAt - change),
            Quantile(0.5), Quantile(0.95), Quantile(0.99),
            right.Length == 0 ? null : right.Average(r => r.Tested - (scenario.Stages[0] >= 1 ? change : 0)),
            scenario.ChangeAt is null ? null
                : InformationBound.Requests(scenario.Phases[^1], rule.LogThreshold ?? -Math.Log(options.Alpha), rule.Facts),
            froze.Length == 0 ? null : new(Proportion.Of(froze.Length, runs.Length), froze.Average(r => r.FrozenAt)),
            named.Length == 0 ? null : new(
                Proportion.Of(named.Length, runs.Length),
                Proportion.Of(named.Count(r => r.NamedAHealthyOne || scenario.ChangeAt is not null), runs.Length),
                named.Average(r => r.NamedAt)));

        double? Quantile(double q) =>
            right.Length == 0 ? null : right[Math.Min(right.Length - 1, (int)(q * right.Length))].RolledBackAt - change;
    }

    /// <summary>What a rule did in one repetition; requests are counted from 1, and 0 is never.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct RunOfRule
    {
        public int RolledBackAt;
        public int Tested;
        public int FrozenAt;
        public int NamedAt;
        public bool NamedAHealthyOne;

        /// <summary>Notes what the rule did; true when it will do nothing more.</summary>
        public bool IsOver(Reaction reaction, int seen, int tested)
        {
            switch (reaction.Kind)
            {
                case ReactionKind.RollBack:
                    (RolledBackAt, Tested) = (seen, tested);
                    return true;
                case ReactionKind.Freeze:
                    FrozenAt = seen;
                    return true;
                default:
                    NamedAt = NamedAt == 0 ? seen : NamedAt;
                    NamedAHealthyOne |= reaction.Replica != 0;
                    return false;
            }
        }
    }
}
