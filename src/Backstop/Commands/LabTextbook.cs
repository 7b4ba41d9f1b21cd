using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using Backstop.CommandLine;
using Backstop.Simulation.Textbook;

namespace Backstop.Commands;

/// <summary><c>backstop lab textbook</c>: the textbook's incident, reproduced number by number.</summary>
internal static class LabTextbook
{
    private static readonly TextbookSettings Printed = new();

    public static Command Create()
    {
        var seed = Setting("--seed", "Seed, taken as CPython's random.seed takes it.", Printed.Seed);
        var steps = Setting("--steps", "Requests to send.", Printed.Steps, min: 1);
        var stepLength = Setting("--step-length", "Seconds from one request to the next.", Printed.StepLength, min: 0.001);
        var window = Setting("--window", "Requests the monitor looks back on.", Printed.Window, min: 1);
        var threshold = Setting("--threshold", "Share of correct answers below which it rolls back.", Printed.Threshold, min: 0, max: 1);
        var cadence = Setting("--cadence", "Seconds from one look of the monitor to the next.", Printed.Cadence, min: 0.001);
        var latency = Setting("--rollback-latency", "Seconds to swap to a warm release.", Printed.RollbackLatency, min: 0);
        var cold = new Option<bool>("--cold") { Description = "The previous release is cold: rolling back takes --cold-load." };
        var coldLoad = Setting("--cold-load", "Seconds to load a cold release.", Printed.ColdLoad, min: 0);
        var attackShare = Setting("--attack-share", "Share of requests that are attacks.", Printed.AttackShare, min: 0, max: 1);
        var attackToxicity = Setting("--attack-toxicity", "Added to the toxic rate under attack.", Printed.AttackToxicity, min: 0, max: 1);
        var bad = new ReleaseOptions("bad", Printed.Bad);
        var good = new ReleaseOptions("good", Printed.Good);
        var json = Verb.JsonOption();

        var verb = new Verb("textbook", "Repeat the textbook's incident: a bad release, a ring, a scheduled monitor, one pointer swap.")
        {
            Examples =
            [
                "backstop lab textbook",
                "backstop lab textbook --json",
                "backstop lab textbook --cold --cadence 5",
                "backstop lab textbook --bad-toxic 0.01 --bad-schema 0.02 --bad-accuracy 0.85",
            ],
        };
        foreach (var option in (Option[])
            [seed, steps, stepLength, window, threshold, cadence, latency, cold, coldLoad, attackShare, attackToxicity, .. bad.All, .. good.All, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var settings = new TextbookSettings
            {
                Bad = bad.Read(line),
                Good = good.Read(line),
                Seed = line.GetValue(seed),
                Steps = line.GetValue(steps),
                StepLength = line.GetValue(stepLength),
                Window = line.GetValue(window),
                Threshold = line.GetValue(threshold),
                Cadence = line.GetValue(cadence),
                RollbackLatency = line.GetValue(latency),
                ColdLoad = line.GetValue(coldLoad),
                PreviousIsCold = line.GetValue(cold),
                AttackShare = line.GetValue(attackShare),
                AttackToxicity = line.GetValue(attackToxicity),
            };
            var outcome = TextbookIncident.Run(settings);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(Report.Of(outcome));
            }
            else
            {
                Explain(output, settings, outcome);
            }
        });
        return verb;
    }

    private static void Explain(TextWriter output, TextbookSettings settings, TextbookOutcome outcome)
    {
        var (bad, good) = (settings.Bad.Name, settings.Good.Name);
        output.WriteLine($"{bad} was promoted over {good}; {settings.Steps} requests, one every {settings.StepLength} s, seed {settings.Seed}.");
        output.WriteLine();
        output.WriteLine($"  guardrail blocks          {outcome.GuardrailBlocks}");
        output.WriteLine($"  regression detected at    {Seconds(outcome.DetectedAt)}");
        output.WriteLine($"  rollback                  {Seconds(outcome.Rollback)} ({(settings.PreviousIsCold ? "cold load" : "warm pointer swap")})");
        output.WriteLine($"  time to recovery          {Seconds(outcome.TimeToRecovery)}");
        output.WriteLine($"  accuracy after rollback   {outcome.PostRollbackAccuracy?.ToString("0.000", CultureInfo.InvariantCulture) ?? "-"}");
        output.WriteLine($"  active version            {outcome.ActiveVersion}");
        output.WriteLine();
        output.WriteLine(outcome switch
        {
            { DetectedAt: null } =>
                $"The monitor looked every {settings.Cadence} s and never saw fewer than {settings.Threshold:P0} correct among the last {settings.Window}.",
            { DetectedAt: { } detected, Rollback: { } rollback } =>
                $"Users waited {detected + rollback:0.#} s for the good release; {detected / (detected + rollback):P0} of that was detection.",
            _ => "",
        });
        output.WriteLine("A blocked answer counts as correct here, as in the text. That hides part of the regression from the monitor:");
        output.WriteLine("Backstop judges quality before and after the ring, and against a second release at the same time.");
    }

    private static string Seconds(double? value) => value is { } seconds ? $"{seconds:0.0} s" : "-";

    private static Option<T> Setting<T>(string name, string description, T printed, T? min = null, T? max = null)
        where T : struct, IComparable<T>
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => printed };
        option.Validators.Add(result =>
        {
            var value = result.GetValue(option);
            if ((min is { } low && value.CompareTo(low) < 0) || (max is { } high && value.CompareTo(high) > 0))
            {
                result.AddError(max is null ? $"{name} must be at least {min}; it is {value}." : $"{name} must be from {min} to {max}; it is {value}.");
            }
        });
        return option;
    }

    /// <summary>The rates of one of the two releases as options.</summary>
    private sealed class ReleaseOptions(string side, TextbookRelease printed)
    {
        private readonly Option<string> _name = new($"--{side}-name") { Description = $"Name of the {side} release.", DefaultValueFactory = _ => printed.Name };
        private readonly Option<double> _toxic = Setting($"--{side}-toxic", "Its toxic rate.", printed.ToxicRate, 0, 1);
        private readonly Option<double> _schema = Setting($"--{side}-schema", "Its rate of malformed answers.", printed.SchemaFailRate, 0, 1);
        private readonly Option<double> _accuracy = Setting($"--{side}-accuracy", "Its share of correct answers.", printed.Accuracy, 0, 1);

        public Option[] All => [_name, _toxic, _schema, _accuracy];

        public TextbookRelease Read(ParseResult line) =>
            new(line.GetValue(_name)!, line.GetValue(_toxic), line.GetValue(_schema), line.GetValue(_accuracy));
    }

    private sealed record Report(
        int GuardrailBlocks,
        [property: JsonPropertyName("detected_at_s")] decimal? DetectedAt,
        [property: JsonPropertyName("rollback_s")] decimal? Rollback,
        [property: JsonPropertyName("time_to_recovery_s")] decimal? TimeToRecovery,
        decimal? PostRollbackAccuracy,
        string ActiveVersion)
    {
        public static Report Of(TextbookOutcome outcome) => new(
            outcome.GuardrailBlocks,
            Decimals(outcome.DetectedAt),
            Decimals(outcome.Rollback),
            Decimals(outcome.TimeToRecovery),
            Decimals(outcome.PostRollbackAccuracy),
            outcome.ActiveVersion);

        /// <summary>Seconds and shares with at least one decimal, as the text prints them: 8.0, not 8.</summary>
        private static decimal? Decimals(double? value) =>
            value is { } number ? decimal.Parse(number.ToString("0.0##", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : null;
    }
}
