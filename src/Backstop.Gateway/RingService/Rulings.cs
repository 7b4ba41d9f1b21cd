using System.Text.Json.Nodes;
using Backstop.Core.Guards;

namespace Backstop.Gateway.RingService;

/// <summary>A ruling as it is told to another gateway: where and what kind, never the words themselves.</summary>
internal static class Rulings
{
    public static JsonObject ToJson(Ruling ruling, GuardPolicy policy) => new()
    {
        ["decision"] = Word(ruling.Disposition),
        ["stops"] = ruling.Stops,
        ["policy"] = policy.Name,
        ["decided_by"] = ruling.DecidedBy,
        ["safe_text"] = ruling.SafeText,
        ["findings"] = new JsonArray([.. ruling.Findings.Select(ToJson)]),
        ["errors"] = new JsonArray([.. ruling.Errors.Select(error => new JsonObject { ["check"] = error.Check, ["reason"] = error.Reason, ["outcome"] = Word(error.Outcome) })]),
        ["shadow_decision"] = Word(ruling.ShadowDisposition),
        ["shadow_findings"] = new JsonArray([.. ruling.ShadowFindings.Select(ToJson)]),
    };

    /// <summary>The texts as they may go on.</summary>
    public static IEnumerable<string> Texts(this Ruling ruling, IReadOnlyList<string> texts) =>
        texts.Select((text, index) => ruling.FixedTexts.IsDefaultOrEmpty ? text : ruling.FixedTexts[index] ?? text);

    /// <summary>Why a text was stopped, for a person: the checks, not the words.</summary>
    public static string Reason(Ruling ruling, GuardPolicy policy) =>
        $"{ruling.SafeText ?? policy.BlockedResponse} ({string.Join(", ", ruling.Findings.Select(finding => finding.Category).Concat(ruling.Errors.Select(error => $"{error.Check} gave no answer")).Distinct(StringComparer.Ordinal))})";

    private static JsonNode ToJson(Finding finding) => new JsonObject
    {
        ["check"] = finding.Check,
        ["rule"] = finding.Rule,
        ["category"] = finding.Category,
        ["score"] = finding.Score,
        ["severity"] = finding.Severity.ToString().ToLowerInvariant(),
        ["text"] = finding.Unit,
        ["start"] = finding.Start,
        ["length"] = finding.Length,
    };

    private static string Word(Disposition disposition) => disposition.ToString().ToLowerInvariant();
}
