using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Random;
using Backstop.Simulation.Textbook;

namespace Backstop.Simulation.Recovery;

/// <summary>What to sweep.</summary>
public sealed record RecoveryOptions
{
    /// <summary>Incidents, each with a seed of its own.</summary>
    public int Incidents { get; init; } = 200;

    /// <summary>Seed of the first one.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Seconds between two looks of the textbook's monitor, one row each.</summary>
    public ImmutableArray<double> Cadences { get; init; } = [5, 10, 15, 30, 45, 60, 90, 120];

    /// <summary>Seconds to swap to a warm release.</summary>
    public double WarmSwap { get; init; } = 8;

    /// <summary>Seconds to load a cold one.</summary>
    public double ColdLoad { get; init; } = 90;

    /// <summary>Probability of a false rollback that our rules are set to.</summary>
    public double Alpha { get; init; } = 1e-3;
}

/// <summary>Recovery under one rule, with the previous release warm or cold. Times are in seconds.</summary>
/// <param name="Cadence">Time between two looks; null when the rule looks at every request.</param>
/// <param name="Found">Incidents that the rule noticed within the simulated time.</param>
/// <param name="Detection">Mean time from the promotion to the alarm, over those.</param>
/// <param name="Rollback">Time from the alarm until the good release serves.</param>
/// <param name="Recovery">Mean of both together.</param>
public sealed record RecoveryRow(
    string Rule, double? Cadence, bool Warm, int Found, int Incidents, double Detection, double DetectionP95, double Rollback, double Recovery, double RecoveryP95);

/// <summary>The textbook's incident over and over: how much of the recovery is noticing, and how much is loading.</summary>
/// <remarks>
/// Exercise 26.9.2 of "Rollbacks, Incident Response, and Guardrails", with our rules on the same draws, each looking at every
/// request: the ceiling test, which knows v7's rates and can only raise an alarm; the contrast with a 5 % holdback that stays
/// on v7, which proves that the release is to blame; and what the rollout machine does, both together: the alarm raises the
/// holdback to half of the traffic, and the contrast then decides.
/// </remarks>
public static class RecoveryLab
{
    private static readonly ImmutableArray<double> HoldbackShares = [0.05, 0.5];
    private const int Steps = 4800;
    private static readonly TextbookSettings World = new();

    // The textbook's one point of margin for accuracy and half a one for the others.
    private static readonly ImmutableArray<double> Margins = [0.005, 0.005, 0.01];

    /// <summary>The whole table. The same options give the same numbers.</summary>
    public static ImmutableArray<RecoveryRow> Run(RecoveryOptions options)
    {
        var rows = ImmutableArray.CreateBuilder<RecoveryRow>();
        foreach (var cadence in options.Cadences)
        {
            Add(rows, "textbook monitor", cadence, options, seed => TextbookIncident.Run(new() { Seed = seed, Steps = Steps, Cadence = cadence }).DetectedAt);
        }

        var alarm = Ceiling().Increments;
        var contrast = Contrast();
        var threshold = -Math.Log(options.Alpha);
        Add(rows, "ours, alarm only", null, options, seed => Alarm(seed, alarm, threshold));
        Add(rows, "ours, 5 % holdback", null, options, seed => Proof(seed, contrast, alarm: null, threshold));
        Add(rows, "ours, raised on alarm", null, options, seed => Proof(seed, contrast, alarm, threshold));
        return rows.ToImmutable();
    }

    private static CeilingTest Ceiling()
    {
        var rates = SimulatedRelease.V7.Outcomes();
        return new([[.. rates[..3].Zip(Margins, (rate, margin) => rate + margin)]], [[1.5, 3, 8], [4, 20, 100], [1.25, 1.6, 2.6]]);
    }

    private static JointTable Contrast() => new(new TableDesign
    {
        Stages = [.. HoldbackShares.Select(share => new TableStage(1 - share, [[.. SimulatedRelease.V7.Outcomes()[..3]]]))],
        Margins = [0.002, 0.002, 0.01],
    });

    private static double? Alarm(int seed, IncrementTable table, double threshold)
    {
        var (random, logs) = (new MersenneTwister(seed), table.LogWeights.ToArray());
        for (var step = 1; step <= Steps; step++)
        {
            if (Reaches(logs, table.Increments(Draw(random, World.Bad)), threshold))
            {
                return step * World.StepLength;
            }
        }

        return null;
    }

    private static double? Proof(int seed, JointTable contrast, IncrementTable? alarm, double threshold)
    {
        var (random, assignment) = (new MersenneTwister(seed), new SplitMix64((ulong)seed).Split());
        var (logs, alarmLogs) = (contrast.Increments.LogWeights.ToArray(), alarm?.LogWeights.ToArray());
        var stage = 0;
        for (var step = 1; step <= Steps; step++)
        {
            var tested = assignment.Uniform() >= HoldbackShares[stage];
            var category = Draw(random, tested ? World.Bad : World.Good);
            if (Reaches(logs, contrast.Increments.Increments(contrast.CellOf(stage, 0, tested, category)), threshold))
            {
                return step * World.StepLength;
            }

            if (tested && alarmLogs is not null && Reaches(alarmLogs, alarm!.Increments(category), threshold))
            {
                stage = 1;
            }
        }

        return null;
    }

    // The draws of TextbookIncident, in its order: toxic, schema failure, wrong, correct.
    private static int Draw(MersenneTwister random, TextbookRelease release)
    {
        var attack = random.NextDouble() < World.AttackShare;
        var toxic = random.NextDouble() < release.ToxicRate + (attack ? World.AttackToxicity : 0);
        var schemaHolds = random.NextDouble() > release.SchemaFailRate;
        var correct = random.NextDouble() < release.Accuracy;
        return toxic ? 0 : !schemaHolds ? 1 : !correct ? 2 : 3;
    }

    private static bool Reaches(double[] logs, ReadOnlySpan<double> increments, double threshold)
    {
        for (var j = 0; j < logs.Length; j++)
        {
            logs[j] += increments[j];
        }

        return LogSum(logs) >= threshold;
    }

    private static double LogSum(double[] logs)
    {
        var most = logs.Max();
        return most + Math.Log(logs.Sum(log => Math.Exp(log - most)));
    }

    private static void Add(ImmutableArray<RecoveryRow>.Builder rows, string rule, double? cadence, RecoveryOptions options, Func<int, double?> detect)
    {
        var times = new double?[options.Incidents];
        Parallel.For(0, options.Incidents, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i => times[i] = detect(options.Seed + i));
        var found = times.Where(t => t is not null).Select(t => t!.Value).Order().ToArray();
        if (found.Length == 0)
        {
            return;
        }

        var p95 = found[Math.Min(found.Length - 1, (int)(0.95 * found.Length))];
        foreach (var (warm, rollback) in new[] { (true, options.WarmSwap), (false, options.ColdLoad) })
        {
            rows.Add(new(
                rule, cadence, warm, found.Length, options.Incidents, found.Average(), p95, rollback, found.Average() + rollback, p95 + rollback));
        }
    }
}
