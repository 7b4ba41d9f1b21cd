using Backstop.Simulation.Random;

namespace Backstop.Simulation.Textbook;

/// <summary>What one release does in the textbook's world. Every rate is a probability from 0 to 1.</summary>
public sealed record TextbookRelease(string Name, double ToxicRate, double SchemaFailRate, double Accuracy)
{
    /// <summary>The good release of the textbook.</summary>
    public static TextbookRelease V7 { get; } = new("v7", ToxicRate: 0.002, SchemaFailRate: 0.001, Accuracy: 0.94);

    /// <summary>The bad release of the textbook.</summary>
    public static TextbookRelease V8 { get; } = new("v8", ToxicRate: 0.090, SchemaFailRate: 0.140, Accuracy: 0.79);
}

/// <summary>The parameters of <see cref="TextbookIncident"/>. The defaults are the printed experiment. Times are in seconds.</summary>
public sealed record TextbookSettings
{
    /// <summary>The release that was just promoted.</summary>
    public TextbookRelease Bad { get; init; } = TextbookRelease.V8;

    /// <summary>The release to go back to.</summary>
    public TextbookRelease Good { get; init; } = TextbookRelease.V7;

    public long Seed { get; init; } = 7;

    /// <summary>Requests of the run, one per step.</summary>
    public int Steps { get; init; } = 1200;

    /// <summary>Time from one request to the next.</summary>
    public double StepLength { get; init; } = 0.25;

    /// <summary>How many requests the monitor looks back on.</summary>
    public int Window { get; init; } = 200;

    /// <summary>Below this share of correct answers in a full window, the monitor rolls back.</summary>
    public double Threshold { get; init; } = 0.88;

    /// <summary>Time from one look of the monitor to the next.</summary>
    public double Cadence { get; init; } = 45;

    /// <summary>Time to swap the pointer to a warm release.</summary>
    public double RollbackLatency { get; init; } = 8;

    /// <summary>Time to load a cold release; counts instead of <see cref="RollbackLatency"/> when <see cref="PreviousIsCold"/>.</summary>
    public double ColdLoad { get; init; } = 90;

    /// <summary>Whether the previous release was let go cold.</summary>
    public bool PreviousIsCold { get; init; }

    /// <summary>The share of requests that are attacks.</summary>
    public double AttackShare { get; init; } = 0.05;

    /// <summary>Added to a release's toxic rate when the request is an attack.</summary>
    public double AttackToxicity { get; init; } = 0.6;
}

/// <summary>What the run measured. A time is null when no regression was detected, the accuracy when the window is empty.</summary>
public sealed record TextbookOutcome(
    int GuardrailBlocks, double? DetectedAt, double? Rollback, double? TimeToRecovery, double? PostRollbackAccuracy, string ActiveVersion);

/// <summary>The textbook's incident: a bad release at full traffic, a ring that blocks, a scheduled monitor, one pointer swap.</summary>
/// <remarks>
/// Repeats Code 26.9.2 of "Rollbacks, Incident Response, and Guardrails" draw by draw, and with it three things we do
/// differently in the product: a blocked answer counts as correct (which hides about a third of the regression from the
/// monitor), the threshold is on one release alone (which blames the release for whatever degrades), and recovery is
/// the latency that was put in, not one that was observed.
/// </remarks>
public static class TextbookIncident
{
    public static TextbookOutcome Run(TextbookSettings settings)
    {
        var random = new MersenneTwister(settings.Seed);
        var active = settings.Bad;
        var window = new Queue<bool>(settings.Window + 1);
        var rollback = settings.PreviousIsCold ? settings.ColdLoad : settings.RollbackLatency;
        var (correctInWindow, blocks, clock) = (0, 0, 0.0);
        double? detectedAt = null, recoveredAt = null;

        for (var step = 0; step < settings.Steps; step++)
        {
            clock += settings.StepLength;

            // All four draws are made for every request, in this order: the next request's luck depends on it.
            var attack = random.NextDouble() < settings.AttackShare;
            var toxic = random.NextDouble() < active.ToxicRate + (attack ? settings.AttackToxicity : 0);
            var schemaHolds = random.NextDouble() > active.SchemaFailRate;
            var correct = random.NextDouble() < active.Accuracy;
            if (toxic || !schemaHolds)
            {
                blocks++;
                correct = true; // The safe fallback is served instead.
            }

            window.Enqueue(correct);
            correctInWindow += correct ? 1 : 0;
            if (window.Count > settings.Window)
            {
                correctInWindow -= window.Dequeue() ? 1 : 0;
            }

            var looks = window.Count == settings.Window && clock % settings.Cadence < settings.StepLength;
            if (looks && detectedAt is null && correctInWindow / (double)settings.Window < settings.Threshold)
            {
                detectedAt = clock;
                recoveredAt = clock + rollback;
                active = settings.Good;
                window.Clear();
                correctInWindow = 0;
            }
        }

        return new TextbookOutcome(
            blocks,
            detectedAt,
            detectedAt is null ? null : rollback,
            recoveredAt - detectedAt,
            window.Count == 0 ? null : correctInWindow / (double)window.Count,
            active.Name);
    }
}
