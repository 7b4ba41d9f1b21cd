using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Gateway.Requests;

/// <summary>What a release puts into every request, as bytes made once.</summary>
public sealed class ReleaseParts
{
    /// <exception cref="Core.Prompts.PromptException">Its prompt cannot be used.</exception>
    public ReleaseParts(Release release)
    {
        Model = JsonSerializer.SerializeToUtf8Bytes(release.Serving.Model);
        Prompt = release.Prompt is null ? PromptPart.None : new(release.Prompt);
        Parameters = [.. release.Parameters.Select(p => (p.Key, $"{JsonSerializer.Serialize(p.Key)}:{p.Value}"))];
    }

    /// <summary>The model's name at its servers.</summary>
    public byte[] Model { get; }

    /// <summary>What it says before a conversation.</summary>
    public PromptPart Prompt { get; }

    /// <summary>The parameters it sets, each as a member.</summary>
    public ImmutableArray<(string Name, string Member)> Parameters { get; }
}
