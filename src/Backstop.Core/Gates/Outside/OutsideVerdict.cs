using System.Text.Json;

namespace Backstop.Core.Gates.Outside;

/// <summary>Reads the verdict of an outside check: one JSON object with <c>pass</c>, or with <c>score</c> where the check says which score passes.</summary>
public static class OutsideVerdict
{
    /// <summary>Most bytes of a verdict; whoever writes more has no verdict.</summary>
    public const int MostBytes = 65_536;

    /// <summary>What became of the answer. Whatever is no verdict leaves it unknown: a check that broke has neither passed nor failed anything.</summary>
    public static RunOutcome Read(OutsideCheck check, string text)
    {
        var atLeast = check switch
        {
            OutsideCheck.Command command => command.AtLeast,
            OutsideCheck.Http http => http.AtLeast,
            _ => null,
        };
        return PassIn(text, atLeast) switch
        {
            true => RunOutcome.Passed.Instance,
            false => new RunOutcome.Failed(check.Name),
            null => new RunOutcome.Unknown($"{check.Name} gave no verdict: it must say {(atLeast is null ? "{\"pass\": true} or {\"pass\": false}" : "{\"score\": 0.8}, or pass")}"),
        };
    }

    private static bool? PassIn(string text, double? atLeast)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            return root.ValueKind != JsonValueKind.Object ? null
                : root.TryGetProperty("pass", out var pass) ? pass.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null }
                : atLeast is { } least && root.TryGetProperty("score", out var score) && score.ValueKind == JsonValueKind.Number ? score.GetDouble() >= least
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
