using System.Collections.Immutable;

namespace Backstop.Core.Guards.Remote;

/// <summary>How somebody who judges texts over HTTP is asked.</summary>
public enum GuardProtocol
{
    /// <summary>Llama Guard served as a chat model: the answer is <c>safe</c>, or <c>unsafe</c> and a line of codes.</summary>
    LlamaGuard,

    /// <summary>OpenAI's moderations.</summary>
    OpenAiModerations,

    /// <summary><c>POST /predict</c> of Text Embeddings Inference with a classification model.</summary>
    Tei,

    /// <summary><c>POST /classify</c> of vLLM.</summary>
    VllmClassify,

    /// <summary>Anything that takes <c>text</c> and <c>stage</c> and answers with <c>flagged</c>, and perhaps <c>score</c> and <c>categories</c>.</summary>
    Http,

    /// <summary>A chat model that is asked a question about the text.</summary>
    Chat,

    /// <summary>OpenAI's embeddings: sentences become vectors, and those of the same meaning point the same way.</summary>
    OpenAiEmbeddings,
}

/// <summary>Somebody outside who judges texts, as a policy names them under <c>remotes</c>.</summary>
/// <param name="Address">Where questions are posted.</param>
public sealed record RemoteGuard(string Name, GuardProtocol Protocol, Uri Address) : OutsideGuard(Name)
{
    /// <summary>The model's name at its server; null where the server has but one.</summary>
    public string? Model { get; init; }

    /// <summary>The environment variable that holds its key; null when it wants none. The key itself is in no policy.</summary>
    public string? KeyVariable { get; init; }
}

/// <summary>Reads the guards a policy names.</summary>
internal static class RemoteGuards
{
    private static readonly ImmutableSortedDictionary<string, GuardProtocol> Protocols = new Dictionary<string, GuardProtocol>
    {
        ["llama_guard"] = GuardProtocol.LlamaGuard,
        ["openai_moderations"] = GuardProtocol.OpenAiModerations,
        ["tei"] = GuardProtocol.Tei,
        ["vllm_classify"] = GuardProtocol.VllmClassify,
        ["http"] = GuardProtocol.Http,
        ["chat"] = GuardProtocol.Chat,
        ["openai_embeddings"] = GuardProtocol.OpenAiEmbeddings,
    }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static ImmutableSortedDictionary<string, RemoteGuard> Read(PolicyNode? remotes) => remotes is null
        ? ImmutableSortedDictionary<string, RemoteGuard>.Empty
        : remotes.AllNodes().ToImmutableSortedDictionary(pair => pair.Key, pair => Read(pair.Key, pair.Value), StringComparer.Ordinal);

    private static RemoteGuard Read(string name, PolicyNode node)
    {
        var protocol = node.Choice("protocol", [.. Protocols.Keys])
            ?? throw GuardPolicyException.At(node.Path, $"needs 'protocol': {string.Join(", ", Protocols.Keys)}.");
        var written = node.Text("url") ?? throw GuardPolicyException.At(node.Path, "needs 'url', the address that questions are posted to.");
        if (!Uri.TryCreate(written, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || address.UserInfo.Length > 0)
        {
            throw GuardPolicyException.At(node.Path + ".url", "must be an http or https address without a password; a key's variable stands under 'api_key'.");
        }

        var key = node.Node("api_key");
        var guard = new RemoteGuard(name, Protocols[protocol], address)
        {
            Model = node.Text("model"),
            KeyVariable = key is null ? null : key.Text("env") ?? throw GuardPolicyException.At(key.Path, "needs 'env', the environment variable that holds the key."),
            Patience = Patience.Read(node, concurrency: 16),
        };
        key?.Done();
        node.Done();
        return guard;
    }
}
