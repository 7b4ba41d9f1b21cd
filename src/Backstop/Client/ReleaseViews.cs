using System.Text.Json;

namespace Backstop.Client;

// What the control plane's REST API says, as its callers see it. Kept apart from the server's own types on purpose: a
// change of the API that would break a script breaks here first.

public sealed record ReleaseView(string Name, string Digest, DateTimeOffset CreatedAt, JsonElement? Manifest);

public sealed record DiffView(string[] Components, DifferenceView[] Differences);

public sealed record DifferenceView(string Component, string Path, JsonElement? Before, JsonElement? After)
{
    public string[] Lines { get; init; } = [];
}

public record ComponentName(string Kind, string Name, int Version, string Digest, DateTimeOffset CreatedAt);

public sealed record ComponentView(
    string Kind, string Name, int Version, string Digest, DateTimeOffset CreatedAt, JsonElement Content, JsonElement? Lineage)
    : ComponentName(Kind, Name, Version, Digest, CreatedAt);

public sealed record AliasPromptView(
    string Alias, long Generation, Named Release, ComponentName? Component, MessageView[] Messages, bool IsTemplate, Dictionary<string, VariableView> Variables)
{
    /// <summary>The prompt as a manifest writes it.</summary>
    public string ToPrompt() => JsonSerializer.Serialize(
        IsTemplate ? (object)new { Messages, Variables = Variables.ToDictionary(v => v.Key, v => new { v.Value.Default, v.Value.Example }) }
        : new { System = Messages is [var only] ? only.Content : null },
        ControlClient.Json);
}

public sealed record MessageView(string Role, string Content);

public sealed record VariableView(bool Required, string? Description, JsonElement? Default, JsonElement? Example);

public sealed record Named(string Name, string Digest);
