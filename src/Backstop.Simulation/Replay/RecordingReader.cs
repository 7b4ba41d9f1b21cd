using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backstop.Core.Evidence;

namespace Backstop.Simulation.Replay;

/// <summary>Reads a recording: one JSON object a line. A line that makes no sense is left out and named, never guessed.</summary>
/// <param name="tested">Name of the arm under suspicion, when it is none of the usual ones.</param>
/// <param name="control">Name of the trusted arm, likewise.</param>
public sealed partial class RecordingReader(string? tested = null, string? control = null)
{
    private static readonly string[] TestedNames = ["candidate", "canary", "treatment", "tested"];
    private static readonly string[] ControlNames = ["baseline", "control", "stable", "current"];
    private static readonly string[] Known = ["t", "id", "request_id", "unit", "arm", "outcome", "attack", "share", "signals", "line"];

    private static readonly Dictionary<string, Outcome> Outcomes = new(StringComparer.Ordinal)
    {
        ["correct"] = Outcome.Correct, ["good"] = Outcome.Correct, ["ok"] = Outcome.Correct, ["success"] = Outcome.Correct,
        ["wrong"] = Outcome.Wrong, ["bad"] = Outcome.Wrong, ["incorrect"] = Outcome.Wrong, ["failure"] = Outcome.Wrong,
        ["unlabelled"] = Outcome.Unlabelled, ["unlabeled"] = Outcome.Unlabelled, ["unknown"] = Outcome.Unlabelled,
        ["toxicblocked"] = Outcome.ToxicBlocked, ["toxic"] = Outcome.ToxicBlocked, ["toxicblock"] = Outcome.ToxicBlocked,
        ["schemablocked"] = Outcome.SchemaBlocked, ["schema"] = Outcome.SchemaBlocked, ["schemablock"] = Outcome.SchemaBlocked,
        ["schemafailure"] = Outcome.SchemaBlocked,
        ["piiblocked"] = Outcome.PiiBlocked, ["pii"] = Outcome.PiiBlocked, ["piiblock"] = Outcome.PiiBlocked,
        ["inputblocked"] = Outcome.InputBlocked, ["refused"] = Outcome.InputBlocked,
        ["error"] = Outcome.Error, ["failed"] = Outcome.Error,
        ["late"] = Outcome.Late, ["timeout"] = Outcome.Late, ["cancelled"] = Outcome.Late,
    };

    private readonly Dictionary<string, (int First, int Count)> _unknownOutcomes = new(StringComparer.Ordinal);

    /// <summary>The names of outcomes, as one writes them.</summary>
    public static string OutcomeNames => "correct, wrong, unlabelled, toxic_blocked, schema_blocked, pii_blocked, refused, error, late";

    /// <summary>Reads all lines. Empty ones are skipped.</summary>
    public Recording Read(IEnumerable<string> lines)
    {
        var requests = ImmutableArray.CreateBuilder<RecordedRequest>();
        var problems = ImmutableArray.CreateBuilder<ReplayProblem>();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            try
            {
                using var json = Parse(line);
                requests.Add(Read(json.RootElement, number));
            }
            catch (JsonException)
            {
                problems.Add(new(number, "this is not a JSON object"));
            }
            catch (FormatException problem)
            {
                problems.Add(new(number, problem.Message));
            }
        }

        return new(requests.ToImmutable(), problems.ToImmutable(),
        [
            .. _unknownOutcomes.Select(u =>
                $"outcome '{u.Key}' (first in line {u.Value.First}, {u.Value.Count} in all) is none of {OutcomeNames}; it is counted as unlabelled"),
        ]);
    }

    // Python writes NaN and Infinity, which JSON does not know. They are no numbers: the same as nothing.
    private static JsonDocument Parse(string line)
    {
        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return JsonDocument.Parse(NotANumber().Replace(line, "null"));
        }
    }

    [GeneratedRegex(@"(?<=[:\[,]\s*)(NaN|-?Infinity)(?=\s*[,}\]])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotANumber();

    private RecordedRequest Read(JsonElement row, int line)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("this is not a JSON object");
        }

        var signals = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        foreach (var field in row.EnumerateObject().Where(f => !Known.Contains(f.Name, StringComparer.Ordinal)))
        {
            AddSignal(signals, field);
        }

        if (row.TryGetProperty("signals", out var more) && more.ValueKind == JsonValueKind.Object)
        {
            foreach (var field in more.EnumerateObject())
            {
                AddSignal(signals, field);
            }
        }

        return new(
            line, Time(row), Text(row, "id") ?? Text(row, "request_id"), Text(row, "unit"), IsTested(row), OutcomeOf(row, line),
            row.TryGetProperty("attack", out var attack) && attack.ValueKind == JsonValueKind.True, Share(row), signals.ToImmutable());
    }

    private static void AddSignal(ImmutableSortedDictionary<string, double>.Builder signals, JsonProperty field)
    {
        if (field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetDouble(out var value) && double.IsFinite(value))
        {
            signals[field.Name] = value;
        }
    }

    private static double Time(JsonElement row)
    {
        if (!row.TryGetProperty("t", out var t))
        {
            throw new FormatException("there is no 't': seconds, or a time such as 2026-01-31T12:00:00Z");
        }

        return t.ValueKind switch
        {
            // Nobody records the sixth millennium: such a number counts milliseconds.
            JsonValueKind.Number when t.TryGetDouble(out var n) && n is > -6e10 and < 2.5e14 => n < 1e11 ? n : n / 1000,
            JsonValueKind.String when DateTimeOffset.TryParse(
                t.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) => at.ToUnixTimeMilliseconds() / 1000.0,
            _ => throw new FormatException("'t' is neither seconds nor a time such as 2026-01-31T12:00:00Z"),
        };
    }

    private bool IsTested(JsonElement row)
    {
        var arm = Text(row, "arm") ?? throw new FormatException("there is no 'arm'");
        return Is(arm, tested, TestedNames) || (!Is(arm, control, ControlNames)
            ? throw new FormatException($"arm '{arm}' is neither {tested ?? "candidate"} nor {control ?? "baseline"}; --tested and --control name others")
            : false);

        static bool Is(string arm, string? own, string[] usual) =>
            own is not null ? string.Equals(arm, own, StringComparison.Ordinal) : usual.Contains(arm, StringComparer.OrdinalIgnoreCase);
    }

    private Outcome OutcomeOf(JsonElement row, int line)
    {
        if (Text(row, "outcome") is not { } name)
        {
            return Outcome.Unlabelled;
        }

        var plain = new string([.. name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);
        if (Outcomes.TryGetValue(plain, out var outcome))
        {
            return outcome;
        }

        var (first, count) = _unknownOutcomes.GetValueOrDefault(name, (line, 0));
        _unknownOutcomes[name] = (first, count + 1);
        return Outcome.Unlabelled;
    }

    private static double? Share(JsonElement row)
    {
        if (!row.TryGetProperty("share", out var share) || share.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return share.ValueKind == JsonValueKind.Number && share.GetDouble() is > 0 and < 1
            ? share.GetDouble()
            : throw new FormatException("'share' is the planned share of the candidate, above 0 and below 1");
    }

    private static string? Text(JsonElement row, string name) =>
        !row.TryGetProperty(name, out var value) ? null : value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
}
