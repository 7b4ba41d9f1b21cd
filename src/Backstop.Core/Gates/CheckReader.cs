using System.Collections.Immutable;
using Backstop.Core.Gates.Outside;
using Backstop.Core.Guards;

namespace Backstop.Core.Gates;

/// <summary>Reads the <c>checks</c> of a suite or of a case.</summary>
internal static class CheckReader
{
    private static readonly ImmutableArray<string> Local = ["exact", "normalised", "number", "regex", "contains", "json_schema", "tool_call", "ring", "similarity"];

    /// <summary>The checks of a case, which Backstop makes itself.</summary>
    /// <param name="file">Reads another file of the suite; null when there is none of this name.</param>
    /// <exception cref="FormatException">The message says what to write instead.</exception>
    public static ImmutableArray<Scorer> OfCase(PolicyNode node, Func<string, string?> file) => [.. node.Nodes("checks").Select(check =>
    {
        var use = Use(check, [.. Local, .. OutsideCheckReader.Words]);
        return OutsideCheckReader.Words.Contains(use)
            ? throw new FormatException($"{check.Path}: '{use}' can stand in gate.yaml only: cases are data, and data must not start programs or send answers away.")
            : Scorer(use, check, file);
    })];

    /// <summary>The checks of a suite, its own and those that others make.</summary>
    public static (ImmutableArray<Scorer> Own, ImmutableArray<OutsideCheck> Outside) OfSuite(PolicyNode node, Func<string, string?> file)
    {
        var (own, outside) = (ImmutableArray.CreateBuilder<Scorer>(), ImmutableArray.CreateBuilder<OutsideCheck>());
        foreach (var check in node.Nodes("checks"))
        {
            var use = Use(check, [.. Local, .. OutsideCheckReader.Words]);
            if (OutsideCheckReader.Words.Contains(use))
            {
                outside.Add(OutsideCheckReader.Read(use, check, file));
                check.Done();
            }
            else
            {
                own.Add(Scorer(use, check, file));
            }
        }

        return outside.GroupBy(o => o.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice
            ? throw new FormatException($"Two checks are called '{twice.Key}': give them a 'name'.")
            : (own.ToImmutable(), outside.ToImmutable());
    }

    private static string Use(PolicyNode node, ReadOnlySpan<string> words) => node.Choice("use", words) ?? throw new FormatException($"{node.Path} needs 'use'.");

    private static Scorer Scorer(string use, PolicyNode node, Func<string, string?> file)
    {
        Scorer scorer = use switch
        {
            "exact" => new Scorer.Exact(),
            "normalised" => new Scorer.Normalised(),
            "number" => new Scorer.Number(node.Number("absolute", 0, double.MaxValue) ?? 0, node.Number("relative", 0, 1) ?? 0),
            "regex" => new Scorer.Pattern(node.Text("pattern") ?? throw new FormatException($"{node.Path} needs a 'pattern'.")),
            "contains" => new Scorer.Contains([.. node.Texts("all") ?? []], [.. node.Texts("none") ?? []]),
            "json_schema" => new Scorer.Schema(node.Raw("schema") ?? FileOf(node, "schema", file)),
            "tool_call" => new Scorer.CallsTool(node.Text("tool") ?? throw new FormatException($"{node.Path} needs a 'tool'."), node.Raw("arguments")),
            "ring" => new Scorer.Clean(node.Raw("policy") ?? FileOf(node, "policy", file)),
            _ => new Scorer.Similar(node.Number("at_least", 0, 1) ?? throw new FormatException($"{node.Path} needs 'at_least', 0 to 1.")),
        };
        node.Done();
        return scorer;
    }

    private static string FileOf(PolicyNode node, string instead, Func<string, string?> file)
    {
        var name = node.Text("file") ?? throw new FormatException($"{node.Path} needs a '{instead}' or a 'file'.");
        return file(name) ?? throw new FormatException($"{node.Path}: there is no file '{name}'.");
    }
}
