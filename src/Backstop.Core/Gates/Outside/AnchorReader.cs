using System.Collections.Immutable;
using Backstop.Core.Guards;

namespace Backstop.Core.Gates.Outside;

/// <summary>Reads the lines of a file of anchors: a case with its <c>answer</c>, and whether it should <c>pass</c>.</summary>
internal static class AnchorReader
{
    public static ImmutableArray<Anchor> Read(string text, string file) =>
    [
        .. text.Split('\n').Select((line, i) => (Text: line, Number: i + 1)).Where(l => !string.IsNullOrWhiteSpace(l.Text)).Select(l => Line(l.Text, $"{file}, line {l.Number}")),
    ];

    private static Anchor Line(string line, string where)
    {
        var node = PolicyNode.Parse(line, where);
        var anchor = new Anchor(
            new(
                node.Text("id") ?? where,
                CaseText.Messages(node, where),
                CaseText.Texts(node.Raw("expected"), where),
                ModelAnswer.Of(node.Text("answer") ?? throw new FormatException($"{where}: the anchor needs an 'answer'."))),
            node.Flag("pass") ?? throw new FormatException($"{where}: the anchor needs 'pass', true or false."));
        _ = (node.Raw("input"), node.Raw("prompt"), node.Raw("messages"));
        node.Done();
        return anchor;
    }
}
