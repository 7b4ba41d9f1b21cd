using System.Collections.Immutable;
using Backstop.Core.Guards;
using Backstop.Core.Text;

namespace Backstop.Core.Evidence.Scores;

/// <summary>Reads the part of a traffic policy that says how answers are scored.</summary>
internal static class ScoreSignalReader
{
    private const int Most = 8;
    private const int MostAnchors = 20;
    private const double Widest = 1e9;

    /// <summary>Reads <c>signals</c>.</summary>
    public static ImmutableArray<ScoreSignal> Read(PolicyNode root)
    {
        var signals = ImmutableArray.CreateBuilder<ScoreSignal>();
        foreach (var node in root.Nodes("signals"))
        {
            var signal = ReadOne(node);
            node.Done();
            if (!Names.IsValid(signal.Rule.Name) || signals.Any(s => s.Rule.Name == signal.Rule.Name))
            {
                throw GuardPolicyException.At(node.Path + ".name", "must be a name of its own: 1 to 100 letters, digits, '.', '-' or '_'.");
            }

            signals.Add(signal);
        }

        return signals.Count <= Most
            ? signals.ToImmutable()
            : throw GuardPolicyException.At("signals", $"has {signals.Count} scores: at most {Most} are kept for an alias.");
    }

    private static ScoreSignal ReadOne(PolicyNode node)
    {
        var (least, most) = (node.Number("least", -Widest, Widest) ?? 0, node.Number("most", -Widest, Widest) ?? 1);
        if (!(least < most))
        {
            throw GuardPolicyException.At(node.Path, $"needs a 'least' below its 'most', not {least} and {most}.");
        }

        var worse = node.Choice("worse", "lower", "higher") ?? throw GuardPolicyException.At(node.Path, "needs 'worse': lower or higher.");
        var rule = new ScoreRule(node.Text("name") ?? "", least, most, worse == "lower", node.Number("margin", 0, most - least));
        var from = node.Text("from") is { } path
            ? SingularQuery.Parse(path) ?? throw GuardPolicyException.At(node.Path + ".from", $"'{path}' names no single place of an answer. Write one such as $.usage.completion_tokens.")
            : null;
        return node.Node("judge") is not { } judge ? new(rule, from, null)
            : from is not null ? throw GuardPolicyException.At(node.Path, "comes 'from' the answer or from a 'judge', not from both.")
            : ReadJudge(judge, rule);
    }

    private static ScoreSignal ReadJudge(PolicyNode node, ScoreRule rule)
    {
        var written = node.Text("url") ?? "";
        if (!Uri.TryCreate(written, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
        {
            throw GuardPolicyException.At(node.Path + ".url", "must be the http or https address of chat completions, without a password; a key's variable stands under 'api_key'.");
        }

        var key = node.Node("api_key");
        var usual = node.Number("percent", 0.01, 100) ?? 5;
        var spec = new AnswerJudgeSpec(
            address,
            node.Text("model") ?? throw GuardPolicyException.At(node.Path, "needs 'model', with its version."),
            key is null ? null : key.Text("env") ?? throw GuardPolicyException.At(key.Path, "needs 'env', the environment variable that holds the key."),
            node.Text("question") ?? throw GuardPolicyException.At(node.Path, "needs 'question', to be answered with a number."),
            [.. node.Nodes("anchors").Select(anchor => ReadAnchor(anchor, rule))],
            node.Integer("anchor_every", 1, 1000) ?? AnswerJudgeSpec.UsualAnchorEvery);
        var scored = new ScoredShares(usual / 100, (node.Number("candidate_percent", 0.01, 100) ?? usual) / 100, (node.Number("holdback_percent", 0.01, 100) ?? usual) / 100);
        key?.Done();
        node.Done();
        return spec.Anchors.Length <= MostAnchors
            ? new(rule with { Scored = scored }, null, spec)
            : throw GuardPolicyException.At(node.Path + ".anchors", $"has {spec.Anchors.Length} answers: at most {MostAnchors} are asked about.");
    }

    private static Anchor ReadAnchor(PolicyNode node, ScoreRule rule)
    {
        var anchor = new Anchor(
            node.Text("question") ?? "",
            node.Text("answer") ?? throw GuardPolicyException.At(node.Path, "needs 'answer', whose score is known."),
            node.Number("least", rule.Least, rule.Most) ?? rule.Least,
            node.Number("most", rule.Least, rule.Most) ?? rule.Most);
        node.Done();
        return anchor;
    }
}
