using System.Collections.Immutable;

namespace Backstop.Core.Guards.Remote;

/// <summary>A classifier in a file on the gateway's disk, as a policy names it under <c>models</c>.</summary>
/// <param name="Graph">The model, exported as ONNX.</param>
/// <param name="Tokenizer"><c>tokenizer.json</c>, <c>vocab.txt</c> or a SentencePiece <c>.model</c>.</param>
public sealed record ModelGuard(string Name, ModelFile Graph, ModelFile Tokenizer) : OutsideGuard(Name)
{
    /// <summary>What its outputs mean, in their order.</summary>
    public required ImmutableArray<string> Labels { get; init; }

    /// <summary>Whether its labels do not exclude each other, so that each has a probability of its own.</summary>
    public bool IsMultiLabel { get; init; }

    /// <summary>Whether letters are made small before they are looked up in a <c>vocab.txt</c>, which does not say so itself.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Most tokens it reads at once, those that begin and end a text among them. Longer texts go in windows.</summary>
    /// <value>8 to 8,192. 512 by default.</value>
    public int MaxTokens { get; init; } = 512;

    /// <summary>How many tokens two windows share, so that nothing hides on the cut between them.</summary>
    /// <value>0 to half of <see cref="MaxTokens"/>. 64 by default.</value>
    public int Overlap { get; init; } = 64;

    /// <summary>How many processor cores one question may use.</summary>
    /// <value>1 to 64. 1 by default.</value>
    public int Threads { get; init; } = 1;

    /// <summary>What makes two the same: they share one loaded model.</summary>
    public string Identity => string.Join('|', Graph.Sha256, Tokenizer.Sha256, Tokenizer.Kind, string.Join(',', Labels), IsMultiLabel, LowerCase, MaxTokens, Overlap, Threads, Patience);

    public bool Equals(ModelGuard? other) => other is not null && Identity == other.Identity;

    public override int GetHashCode() => Identity.Length;
}

/// <summary>A file that must be exactly the one that was meant.</summary>
/// <param name="Path">Under the gateway's folder of models.</param>
/// <param name="Sha256">64 hexadecimal digits, small letters.</param>
public sealed record ModelFile(string Path, string Sha256)
{
    /// <summary>The ending of its name, such as <c>.json</c>.</summary>
    public string Kind => Path.LastIndexOf('.') is var dot and >= 0 ? Path[dot..] : "";
}

/// <summary>Reads the models a policy names.</summary>
internal static class ModelGuards
{
    private const int DigestDigits = 64;
    private static readonly string[] Tokenizers = [".json", ".txt", ".model"];

    public static ImmutableSortedDictionary<string, ModelGuard> Read(PolicyNode? models) => models is null
        ? ImmutableSortedDictionary<string, ModelGuard>.Empty
        : models.AllNodes().ToImmutableSortedDictionary(pair => pair.Key, pair => Read(pair.Key, pair.Value), StringComparer.Ordinal);

    private static ModelGuard Read(string name, PolicyNode node)
    {
        var tokenizer = node.Node("tokenizer") ?? throw GuardPolicyException.At(node.Path, "needs 'tokenizer' with 'path' and 'sha256': a model reads numbers, and this says which.");
        var longest = node.Integer("max_tokens", 8, 8192) ?? 512;
        var model = new ModelGuard(name, FileOf(node, ".onnx"), FileOf(tokenizer, Tokenizers))
        {
            Labels = [.. node.Texts("labels") ?? []],
            IsMultiLabel = node.Choice("scores", "softmax", "sigmoid") == "sigmoid",
            LowerCase = tokenizer.Flag("lower_case") ?? true,
            MaxTokens = longest,
            Overlap = node.Integer("overlap", 0, longest / 2) ?? Math.Min(64, longest / 2),
            Threads = node.Integer("threads", 1, 64) ?? 1,
            Patience = Patience.Read(node, concurrency: 2),
        };
        tokenizer.Done();
        node.Done();
        return model.Labels.IsEmpty || model.Labels.Distinct(StringComparer.OrdinalIgnoreCase).Count() != model.Labels.Length
            ? throw GuardPolicyException.At(node.Path, "needs 'labels': what each of the model's outputs means, in their order, each once.")
            : model;
    }

    private static ModelFile FileOf(PolicyNode node, params string[] kinds)
    {
        var path = node.Text("path") ?? throw GuardPolicyException.At(node.Path, $"needs 'path', a file ({string.Join(", ", kinds)}) under the gateway's folder of models.");
        var digest = node.Text("sha256")?.ToLowerInvariant() ?? "";
        if (path.Split('/', '\\').Any(part => part is "" or "." or ".." || part.Contains(':', StringComparison.Ordinal)))
        {
            throw GuardPolicyException.At(node.Path + ".path", "must lead to a file under the gateway's folder of models, such as 'prompt-guard/model.onnx'.");
        }

        var file = new ModelFile(path, digest);
        return digest.Length != DigestDigits || !digest.All(char.IsAsciiHexDigit) ? throw GuardPolicyException.At(node.Path + ".sha256", "must be the file's SHA-256, 64 hexadecimal digits: a release says which model judges it.")
            : !kinds.Contains(file.Kind) ? throw GuardPolicyException.At(node.Path + ".path", $"must end with {string.Join(" or ", kinds)}, not '{file.Kind}'.")
            : file;
    }
}
