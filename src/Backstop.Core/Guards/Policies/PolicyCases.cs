using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>A text and what a policy must do with it.</summary>
/// <param name="Expect">The disposition.</param>
/// <param name="Fixed">The text afterwards, where the case says it.</param>
/// <param name="Checks">Ids of the checks that must have found something; null where the case does not say.</param>
public sealed record PolicyCase(
    string Name, ScanUnit Unit, Disposition Expect, string? Fixed, IReadOnlyList<string>? Checks, ImmutableArray<ScanUnit> Messages);

/// <param name="Failure">What was different; null when the policy did what the case asks.</param>
public sealed record PolicyCaseResult(string Name, string? Failure);

/// <summary>Cases that a policy must pass, kept beside it.</summary>
public static class PolicyCases
{
    private static readonly string[] Dispositions = [.. Enum.GetNames<Disposition>().Select(name => name.ToLowerInvariant())];

    /// <summary>Reads <c>{"cases": [{"name", "stage", "text", "expect", "fixed", "checks", "messages": [{"role", "text"}]}]}</c>.</summary>
    /// <exception cref="GuardPolicyException">A case is not of the form; the message says where.</exception>
    public static ImmutableArray<PolicyCase> Parse(string json)
    {
        var root = PolicyNode.Parse(json, "");
        var cases = root.Nodes("cases").Select(Read).ToImmutableArray();
        root.Done();
        return cases.IsEmpty ? throw GuardPolicyException.At("cases", "has no case, so it would prove nothing.") : cases;
    }

    public static ImmutableArray<PolicyCaseResult> Run(GuardPolicy policy, IEnumerable<PolicyCase> cases)
    {
        var ring = Ring.Compile(policy).Local; // A case says the same whenever it is run.
        return [.. cases.Select(one => new PolicyCaseResult(one.Name, FailureOf(ring, one)))];
    }

    private static PolicyCase Read(PolicyNode node)
    {
        var stage = GuardStages.ByKey[node.Choice("stage", [.. GuardStages.ByKey.Keys]) ?? "output"];
        var text = node.Text("text") ?? throw GuardPolicyException.At(node.Path, "needs 'text'.");
        var expect = node.Choice("expect", Dispositions) ?? throw GuardPolicyException.At(node.Path, $"needs 'expect', one of {string.Join(", ", Dispositions)}.");
        var role = stage is GuardStage.ToolResult or GuardStage.Retrieval ? "tool" : stage is GuardStage.Input ? "user" : "assistant";
        var one = new PolicyCase(
            node.Text("name") ?? node.Path, new ScanUnit(stage, text) { Role = role, Trust = ScanUnit.TrustOf(role) }, Enum.Parse<Disposition>(expect, ignoreCase: true),
            node.Text("fixed"), node.Texts("checks"), [.. node.Nodes("messages").Select(ReadMessage)]);
        node.Done();
        return one;
    }

    private static ScanUnit ReadMessage(PolicyNode node)
    {
        var message = ScanUnit.Input(node.Text("text") ?? "", node.Text("role") ?? "user");
        node.Done();
        return message;
    }

    private static string? FailureOf(Ring ring, PolicyCase one)
    {
        var ruling = ring.Open(RingContext.None with { Messages = one.Messages }).ScreenOutput(one.Unit);
        var found = ruling.Findings.Select(finding => finding.Check).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var by = found.Count == 0 ? "nothing was found" : $"found by {string.Join(", ", found)}";
        return ruling.Disposition != one.Expect ? $"expected {one.Expect.ToString().ToLowerInvariant()}, got {ruling.Disposition.ToString().ToLowerInvariant()}; {by}"
            : one.Fixed is { } text && (ruling.FixedText ?? one.Unit.Text) != text ? $"expected \"{text}\", got \"{ruling.FixedText ?? one.Unit.Text}\""
            : one.Checks is { } checks && !checks.Order(StringComparer.Ordinal).SequenceEqual(found) ? $"expected findings of {string.Join(", ", checks)}; {by}"
            : null;
    }
}
