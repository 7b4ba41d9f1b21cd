using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Backstop.Core.Registry;

/// <summary>The software that serves a release's model, where it must be told to get the model ready.</summary>
public enum EngineKind
{
    /// <summary>Woken when it sleeps, and told to load the adapter of the release; sleeps, or unloads the adapter.</summary>
    Vllm,

    /// <summary>Told to load the model from its repository, and to unload it.</summary>
    Triton,

    /// <summary>Told to load the model and how long to keep it, or not to keep it.</summary>
    Ollama,
}

/// <summary>A question to a model server that makes it ready, or lets it rest.</summary>
/// <param name="Body">JSON that is posted; null for none.</param>
/// <param name="MayBeRefused">
/// Whether a refusal says nothing: servers answer so where there is nothing to do, and whether the model is ready is asked afterwards anyway.
/// </param>
public sealed record EngineCall(Uri Address, JsonObject? Body, bool MayBeRefused);

/// <summary>How a release's servers are made ready, and when they may rest.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Adapter">vLLM: where they find the LoRA adapter that has the name of the release's model; null for none.</param>
/// <param name="KeepAlive">Ollama: how long the model stays loaded without a question, in its own words; -1 for ever.</param>
/// <param name="RestAfter">How long after no alias needs the release any more its servers are put to rest; null for never.</param>
public sealed record ModelEngine(EngineKind Kind, string? Adapter = null, string KeepAlive = "-1", TimeSpan? RestAfter = null)
{
    /// <summary>Whether a server sleeps as a whole, whatever else it serves.</summary>
    public bool SleepsWhole => Kind is EngineKind.Vllm && Adapter is null;

    /// <summary>What one replica is told, in order.</summary>
    public ImmutableArray<EngineCall> WarmUp(string model, Uri replica) => Kind switch
    {
        EngineKind.Vllm =>
        [
            new(At(replica, "wake_up"), null, MayBeRefused: true),
            .. Adapter is null
                ? ImmutableArray<EngineCall>.Empty
                : [new(At(replica, "v1/load_lora_adapter"), new() { ["lora_name"] = model, ["lora_path"] = Adapter }, MayBeRefused: true)],
        ],
        EngineKind.Triton => [new(At(replica, $"v2/repository/models/{Uri.EscapeDataString(model)}/load"), [], MayBeRefused: false)],
        EngineKind.Ollama =>
            [new(At(replica, "api/generate"), new() { ["model"] = model, ["keep_alive"] = int.TryParse(KeepAlive, out var seconds) ? seconds : KeepAlive }, MayBeRefused: false)],
        _ => [],
    };

    /// <summary>What one replica is told when it may rest. The weights of a vLLM that sleeps stay in the memory of its machine (level 1), so that it wakes in seconds.</summary>
    public EngineCall Rest(string model, Uri replica) => Kind switch
    {
        EngineKind.Vllm when SleepsWhole => new(At(replica, "sleep?level=1"), null, MayBeRefused: false),
        EngineKind.Vllm => new(At(replica, "v1/unload_lora_adapter"), new() { ["lora_name"] = model }, MayBeRefused: true),
        EngineKind.Triton => new(At(replica, $"v2/repository/models/{Uri.EscapeDataString(model)}/unload"), [], MayBeRefused: false),
        _ => new(At(replica, "api/generate"), new() { ["model"] = model, ["keep_alive"] = 0 }, MayBeRefused: false),
    };

    // A replica's address may have the version of the OpenAI API at its end; what an engine is told stands beside it.
    private static Uri At(Uri replica, string path)
    {
        var root = replica.AbsoluteUri.TrimEnd('/');
        return new($"{(root.EndsWith("/v1", StringComparison.Ordinal) ? root[..^3] : root)}/{path}");
    }
}
