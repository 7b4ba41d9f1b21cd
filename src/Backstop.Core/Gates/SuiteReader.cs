using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Guards;
using Backstop.Core.Registry;

namespace Backstop.Core.Gates;

/// <summary>Reads a suite: the object of its <c>gate.yaml</c>, and the lines of its cases.</summary>
/// <remarks>Cases of OpenAI evals (<c>input</c> and <c>ideal</c>) are read as they are.</remarks>
public static class SuiteReader
{
    /// <param name="json">The mapping of <c>gate.yaml</c>, as JSON.</param>
    /// <param name="lines">The lines of the file of cases.</param>
    /// <param name="file">Reads another file beside them, such as a schema.</param>
    /// <exception cref="FormatException">The message says where and what to write instead.</exception>
    public static Suite Read(string json, IReadOnlyList<string> lines, Func<string, string> file)
    {
        var texts = new List<string> { json };
        texts.AddRange(lines);
        try
        {
            var node = PolicyNode.Parse(json, "");
            _ = (node.Text("apiVersion"), node.Choice("kind", "EvalGate"), node.Text("owner"), node.Raw("reviewBy"), node.Raw("cases"));
            var id = node.Text("id") ?? throw new FormatException("gate.yaml needs an 'id'.");
            var checks = Checks(node, Beside);
            var samples = node.Integer("samples", 1, 100) ?? 1;
            var decide = node.Node("decide");
            var (limit, share) = (decide?.Integer("failIfMoreThan", 0, 1_000_000), decide?.Number("maxFailRate", 0, 1));
            var (good, bad) = (decide?.Number("goodFailRate", 0, 1), decide?.Number("badFailRate", 0, 1));
            decide?.Done();
            node.Done();
            var cases = lines.Select((line, i) => (Text: line, Number: i + 1)).Where(l => !string.IsNullOrWhiteSpace(l.Text)).Select(l => Case(l.Text, l.Number, checks, Beside)).ToImmutableArray();
            if (cases.IsEmpty)
            {
                throw new FormatException("The suite has no case.");
            }

            if (cases.GroupBy(c => c.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            {
                throw new FormatException($"Two cases are called '{twice.Key}'.");
            }

            return new()
            {
                Id = id,
                Digest = CanonicalJson.Digest(string.Join('\n', texts)),
                Cases = cases,
                Samples = samples,
                FailIfMoreThan = limit ?? (int)Math.Floor((share ?? 0) * cases.Length * samples),
                GoodFailRate = good,
                BadFailRate = bad,
            };
        }
        catch (GuardPolicyException e)
        {
            throw new FormatException(e.Message, e);
        }

        string Beside(string name)
        {
            texts.Add(file(name));
            return texts[^1];
        }
    }

    private static SuiteCase Case(string line, int number, ImmutableArray<Scorer> common, Func<string, string> file)
    {
        var where = $"cases, line {number}";
        var node = PolicyNode.Parse(line, where);
        var id = node.Text("id") ?? $"case-{number:000}";
        var messages = Messages(node, where);
        var expected = Texts(node.Raw("expected") ?? node.Raw("ideal"), where);
        var checks = common.AddRange(Checks(node, file));
        _ = (node.Raw("metadata"), node.Raw("ideal"), node.Raw("expected"));
        node.Done();
        if (checks.IsEmpty)
        {
            checks = expected.IsEmpty ? throw new FormatException($"{where}: the case has neither 'expected' nor 'checks', and gate.yaml has no 'checks'.") : [new Scorer.Normalised()];
        }

        return new(id, messages, expected, checks);
    }

    private static ImmutableArray<GateMessage> Messages(PolicyNode node, string where)
    {
        var raw = node.Raw("messages") ?? node.Raw("input") ?? node.Raw("prompt") ?? throw new FormatException($"{where}: the case needs 'messages', 'input' or 'prompt'.");
        using var document = JsonDocument.Parse(raw);
        if (document.RootElement.ValueKind == JsonValueKind.String)
        {
            return [new("user", document.RootElement.GetString()!)];
        }

        try
        {
            return [.. document.RootElement.EnumerateArray().Select(m => new GateMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!))];
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"{where}: messages are a text, or a list of {{\"role\", \"content\"}}.", e);
        }
    }

    private static ImmutableArray<string> Texts(string? raw, string where)
    {
        if (raw is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(raw);
        return document.RootElement.ValueKind switch
        {
            JsonValueKind.Array => [.. document.RootElement.EnumerateArray().Select(Text)],
            JsonValueKind.Object => throw new FormatException($"{where}: 'expected' is a text, a number, or a list of them."),
            _ => [Text(document.RootElement)],
        };
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static ImmutableArray<Scorer> Checks(PolicyNode node, Func<string, string> file) => [.. node.Nodes("checks").Select(check => Check(check, file))];

    private static Scorer Check(PolicyNode node, Func<string, string> file)
    {
        var use = node.Choice("use", "exact", "normalised", "number", "regex", "contains", "json_schema", "tool_call", "ring", "similarity")
            ?? throw new FormatException($"{node.Path} needs 'use'.");
        Scorer scorer = use switch
        {
            "exact" => new Scorer.Exact(),
            "normalised" => new Scorer.Normalised(),
            "number" => new Scorer.Number(node.Number("absolute", 0, double.MaxValue) ?? 0, node.Number("relative", 0, 1) ?? 0),
            "regex" => new Scorer.Pattern(node.Text("pattern") ?? throw new FormatException($"{node.Path} needs a 'pattern'.")),
            "contains" => new Scorer.Contains([.. node.Texts("all") ?? []], [.. node.Texts("none") ?? []]),
            "json_schema" => new Scorer.Schema(node.Raw("schema") ?? file(node.Text("file") ?? throw new FormatException($"{node.Path} needs a 'schema' or a 'file'."))),
            "tool_call" => new Scorer.CallsTool(node.Text("tool") ?? throw new FormatException($"{node.Path} needs a 'tool'."), node.Raw("arguments")),
            "ring" => new Scorer.Clean(node.Raw("policy") ?? file(node.Text("file") ?? throw new FormatException($"{node.Path} needs a 'policy' or a 'file'."))),
            _ => new Scorer.Similar(node.Number("at_least", 0, 1) ?? throw new FormatException($"{node.Path} needs 'at_least', 0 to 1.")),
        };
        node.Done();
        return scorer;
    }
}
