using System.Collections.Immutable;
using Backstop.Core.Guards;

namespace Backstop.Core.Gates.Outside;

/// <summary>Reads an outside check of <c>gate.yaml</c>.</summary>
internal static class OutsideCheckReader
{
    /// <summary>The words for outside checks.</summary>
    public static ImmutableArray<string> Words { get; } = ["command", "http", "judge"];

    /// <param name="use">One of <see cref="Words"/>.</param>
    /// <param name="file">Reads another file of the suite; null when there is none of this name.</param>
    public static OutsideCheck Read(string use, PolicyNode node, Func<string, string?> file)
    {
        var name = node.Text("name") ?? use;
        var timeout = TimeSpan.FromSeconds(node.Number("timeout_s", 1, 600) ?? 30);
        switch (use)
        {
            case "command":
                ImmutableArray<string> program = [.. node.Texts("run") ?? throw new FormatException($"{node.Path} needs 'run': a list of the program and its arguments.")];
                if (program.IsEmpty || program[0].Length == 0)
                {
                    throw new FormatException($"{node.Path}.run names no program.");
                }

                // A program that lies beside the suite belongs to it: another one makes another suite.
                foreach (var word in program)
                {
                    _ = file(word);
                }

                return new OutsideCheck.Command(name, timeout, program, AtLeast());
            case "http":
                return new OutsideCheck.Http(name, timeout, Address(node), node.Text("key_env"), AtLeast());
            default:
                var anchors = node.Text("anchors") ?? throw new FormatException($"{node.Path} needs 'anchors': a file of answers that people have judged.");
                return new OutsideCheck.Judge(
                    name,
                    timeout,
                    Address(node),
                    node.Text("model") ?? throw new FormatException($"{node.Path} needs a 'model', the exact one."),
                    node.Text("rubric") ?? throw new FormatException($"{node.Path} needs a 'rubric': what a good answer is."),
                    node.Text("key_env"),
                    AnchorReader.Read(file(anchors) ?? throw new FormatException($"{node.Path}: there is no file '{anchors}'."), anchors),
                    node.Number("least_agreement", 0.5, 1) ?? 0.8);
        }

        double? AtLeast() => node.Number("at_least", double.MinValue, double.MaxValue);
    }

    private static Uri Address(PolicyNode node) =>
        Uri.TryCreate(node.Text("url"), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new FormatException($"{node.Path} needs a 'url' that begins with http:// or https://.");
}
