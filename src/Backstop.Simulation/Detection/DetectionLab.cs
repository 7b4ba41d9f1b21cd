using System.Collections.Immutable;
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
}

/// <summary>What one rule did in one scenario.</summary>
/// <param name="ShouldFire">Whether the tested release is worse; if not, every firing is a false rollback.</param>
/// <param name="Fired">How often the rule fired at all, before the end of the repetition.</param>
/// <param name="FiredEarly">How often it fired before the release was worse; equal to <paramref name="Fired"/> when it never is.</param>
/// <param name="MeanDelay">Requests of both arms until it fired, over the repetitions in which it fired rightly.</param>
/// <param name="MeanTested">Requests of the tested arm among them.</param>
/// <param name="Bound">The fewest any rule could need on average, or null where nothing is to be found.</param>
public sealed record DetectionRow(
    string Scenario, string Rule, bool ShouldFire, Proportion Fired, Proportion FiredEarly,
    double? MeanDelay, double? P50, double? P95, double? P99, double? MeanTested, double? Bound);

/// <summary>Runs every rule on the same simulated streams and counts how often and how late it fires.</summary>
public static class DetectionLab
{
    /// <summary>The whole table. The same options give the same numbers.</summary>
    public static ImmutableArray<DetectionRow> Run(DetectionOptions options)
    {
        var rows = ImmutableArray.CreateBuilder<DetectionRow>();
        foreach (var scenario in Scenarios(options))
        {
            rows.AddRange(Run(scenario, DetectorSet.For(scenario, options.Alpha), options));
        }

        return rows.ToImmutable();
    }

    /// <summary>The scenarios of the table that are asked for.</summary>
    public static IEnumerable<DetectionScenario> Scenarios(DetectionOptions options) =>
        All(options).Where(s => options.Only is not { } only || s.Name.Contains(only, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<DetectionScenario> All(DetectionOptions options)
    {
        double[] shares = [0.05, 0.10, 0.50];
        yield return DetectionScenario.Promoted(SimulatedRelease.V8, options.Requests);
        yield return DetectionScenario.Late(SimulatedRelease.V8, options.Requests);
        foreach (var share in shares)
        {
            yield return DetectionScenario.Canary(SimulatedRelease.V8, share, options.Requests);
        }

        yield return DetectionScenario.Canary(SimulatedRelease.Subtle, 0.50, Math.Max(options.Requests, 100_000));
        foreach (var share in shares)
        {
            yield return DetectionScenario.Canary(SimulatedRelease.V7, share, options.Requests);
        }

        yield return DetectionScenario.Canary(SimulatedRelease.Shifted, 0.10, options.Requests);
        yield return DetectionScenario.Canary(SimulatedRelease.Better, 0.10, options.Requests);
        yield return DetectionScenario.SharedFault(0.10, options.Requests);
        yield return DetectionScenario.Ramp(options.Requests);
        yield return DetectionScenario.Sticky(0.10, options.Requests);
    }

    /// <summary>The rows of one scenario.</summary>
    public static ImmutableArray<DetectionRow> Run(
        DetectionScenario scenario, ImmutableArray<DetectorSet.Rule> rules, DetectionOptions options)
    {
        // By repetition, so that the order in which threads end changes nothing.
        var fired = new (int Requests, int Tested)?[options.Repetitions][];
        Parallel.For(0, options.Repetitions, repetition => fired[repetition] = Repeat(scenario, rules, options.Seed + repetition));
        return [.. rules.Select((rule, i) => Summarise(scenario, rule, [.. fired.Where(f => f[i] is not null).Select(f => f[i]!.Value)], options))];
    }

    // By rule: when it fired, or null.
    private static (int Requests, int Tested)?[] Repeat(DetectionScenario scenario, ImmutableArray<DetectorSet.Rule> rules, int seed)
    {
        var fired = new (int Requests, int Tested)?[rules.Length];
        var stream = new RequestStream(scenario, seed);
        var running = rules.Select((r, i) => (Detector: r.Start(), Rule: i)).ToList();
        var (seen, tested) = (0, 0);
        while (running.Count > 0 && stream.TryNext(out var request))
        {
            seen++;
            tested += request.Tested ? 1 : 0;
            for (var i = running.Count - 1; i >= 0; i--)
            {
                if (running[i].Detector.Fires(request))
                {
                    fired[running[i].Rule] = (seen, tested);
                    running.RemoveAt(i);
                }
            }
        }

        return fired;
    }

    private static DetectionRow Summarise(
        DetectionScenario scenario, DetectorSet.Rule rule, List<(int Requests, int Tested)> fired, DetectionOptions options)
    {
        var early = scenario.ChangeAt is { } change ? fired.Count(f => f.Requests <= change) : fired.Count;
        var right = scenario.ChangeAt is { } at ? fired.Where(f => f.Requests > at).OrderBy(f => f.Requests).ToArray() : [];
        var phase = scenario.Phases[^1];
        return new(
            scenario.Name, rule.Name, scenario.ChangeAt is not null,
            Proportion.Of(fired.Count, options.Repetitions), Proportion.Of(early, options.Repetitions),
            right.Length == 0 ? null : right.Average(f => f.Requests - scenario.ChangeAt!.Value),
            Quantile(0.5), Quantile(0.95), Quantile(0.99),
            right.Length == 0 ? null : right.Average(f => f.Tested - (scenario.Stages[0] >= 1 ? scenario.ChangeAt!.Value : 0)),
            scenario.ChangeAt is null ? null
                : InformationBound.Requests(phase.Tested, phase.Control, phase.TestedShare, rule.LogThreshold ?? -Math.Log(options.Alpha), rule.Stratified));

        double? Quantile(double q) => right.Length == 0
            ? null
            : right[Math.Min(right.Length - 1, (int)(q * right.Length))].Requests - scenario.ChangeAt!.Value;
    }
}
