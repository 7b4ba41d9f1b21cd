using System.Collections.Immutable;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Core.Text;

namespace Backstop.Core.Gates;

/// <summary>Reads a suite: the object of its <c>gate.yaml</c>, and the lines of its cases.</summary>
/// <remarks>Cases of OpenAI evals (<c>input</c> and <c>ideal</c>) are read as they are.</remarks>
public static class SuiteReader
{
    /// <param name="json">The mapping of <c>gate.yaml</c>, as JSON.</param>
    /// <param name="lines">The lines of the file of cases.</param>
    /// <param name="file">Reads another file beside them, such as a schema; null when there is none of this name.</param>
    /// <exception cref="FormatException">The message says where and what to write instead.</exception>
    public static Suite Read(string json, IReadOnlyList<string> lines, Func<string, string?> file)
    {
        var texts = new List<string> { json };
        texts.AddRange(lines);
        try
        {
            var node = PolicyNode.Parse(json, "");
            _ = (node.Text("apiVersion"), node.Choice("kind", "EvalGate"), node.Text("owner"), node.Raw("reviewBy"), node.Raw("cases"));
            var id = node.Text("id") is { } given && Names.IsValid(given) ? given : throw new FormatException("gate.yaml needs an 'id': 1 to 100 letters, digits, '.', '-' or '_'.");
            var (checks, outside) = CheckReader.OfSuite(node, Beside);
            var samples = node.Integer("samples", 1, 100) ?? 1;
            var decide = node.Node("decide");
            node.Done();
            var cases = lines.Select((line, i) => (Text: line, Number: i + 1)).Where(l => !string.IsNullOrWhiteSpace(l.Text))
                .Select(l => Case(l.Text, l.Number, checks, !outside.IsEmpty, Beside)).ToImmutableArray();
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
                Outside = outside,
                Rule = PassRule.Read(decide, cases.Length * samples),
            };
        }
        catch (GuardPolicyException e)
        {
            throw new FormatException(e.Message, e);
        }

        string? Beside(string name)
        {
            if (file(name) is not { } text)
            {
                return null;
            }

            texts.Add(text);
            return text;
        }
    }

    private static SuiteCase Case(string line, int number, ImmutableArray<Scorer> common, bool judgedOutside, Func<string, string?> file)
    {
        var where = $"cases, line {number}";
        var node = PolicyNode.Parse(line, where);
        var id = node.Text("id") ?? $"case-{number:000}";
        var messages = CaseText.Messages(node, where);
        var expected = CaseText.Texts(node.Raw("expected") ?? node.Raw("ideal"), where);
        var checks = common.AddRange(CheckReader.OfCase(node, file));
        _ = (node.Raw("metadata"), node.Raw("ideal"), node.Raw("expected"));
        node.Done();
        if (checks.IsEmpty && !judgedOutside)
        {
            checks = expected.IsEmpty ? throw new FormatException($"{where}: the case has neither 'expected' nor 'checks', and gate.yaml has no 'checks'.") : [new Scorer.Normalised()];
        }

        return new(id, messages, expected, checks);
    }
}
