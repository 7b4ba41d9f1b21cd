using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Gateway.Requests;

/// <summary>What a release puts into every request, as bytes made once.</summary>
public sealed class ReleaseParts
{
    public ReleaseParts(Release release)
    {
        Model = JsonSerializer.SerializeToUtf8Bytes(release.Serving.Model);
        if (release.SystemPrompt is { } prompt)
        {
            PromptText = prompt;
            Prompt = Encoding.UTF8.GetBytes($"{{\"role\":\"system\",\"content\":{JsonSerializer.Serialize(prompt)}}}");
            PromptBefore = [.. Prompt, (byte)','];
        }

        Parameters = [.. release.Parameters.Select(p => (p.Key, $"{JsonSerializer.Serialize(p.Key)}:{p.Value}"))];
    }

    /// <summary>The model's name at its servers.</summary>
    public byte[] Model { get; }

    /// <summary>The release's prompt, if it has one.</summary>
    public string? PromptText { get; }

    /// <summary>It as a system message.</summary>
    public byte[]? Prompt { get; }

    /// <summary>The same in front of another message.</summary>
    public byte[]? PromptBefore { get; }

    /// <summary>The parameters it sets, each as a member.</summary>
    public ImmutableArray<(string Name, string Member)> Parameters { get; }
}
