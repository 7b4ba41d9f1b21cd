using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Core.Prompts;

/// <summary>Reads a prompt; knows every key and refuses the others.</summary>
internal static class PromptReader
{
    /// <summary>Longest text of a message that is a template, in UTF-16 code units.</summary>
    public const int LongestTemplate = 64 * 1024;

    private const int MostMessages = 50;
    private const int MostVariables = 100;
    private static readonly string[] Keys = ["system", "version", "messages", "variables"];
    private static readonly string[] Roles = ["system", "developer", "user", "assistant"];

    public static Prompt Read(JsonElement prompt)
    {
        ManifestReader.Expect(prompt, JsonValueKind.Object, "prompt");
        ManifestReader.Known(prompt, Keys, "prompt");
        var hasMessages = prompt.TryGetProperty("messages", out var messages);
        if (prompt.TryGetProperty("system", out var system))
        {
            ManifestReader.Expect(system, JsonValueKind.String, "prompt.system");
            return !hasMessages && !prompt.TryGetProperty("variables", out _)
                ? new() { Messages = [new("system", system.GetString()!)], IsTemplate = false }
                : throw new ManifestException(
                    "prompt.system is sent as it stands and takes no variables: write prompt.messages with a message of role system in its place.");
        }

        return hasMessages ? new() { Messages = ReadMessages(messages), Variables = ReadVariables(prompt), IsTemplate = true }
            : prompt.TryGetProperty("variables", out _) ? throw new ManifestException("prompt.variables without prompt.messages: nothing uses them.")
            : new() { Messages = [], IsTemplate = false };
    }

    private static ImmutableArray<PromptMessage> ReadMessages(JsonElement messages)
    {
        ManifestReader.Expect(messages, JsonValueKind.Array, "prompt.messages");
        return messages.GetArrayLength() is > 0 and <= MostMessages
            ? [.. messages.EnumerateArray().Select(ReadMessage)]
            : throw new ManifestException($"prompt.messages has {messages.GetArrayLength()} messages: write 1 to {MostMessages}.");
    }

    private static PromptMessage ReadMessage(JsonElement message, int index)
    {
        var place = $"prompt.messages[{index}]";
        ManifestReader.Expect(message, JsonValueKind.Object, place);
        ManifestReader.Known(message, ["role", "content"], place);
        var (role, content) = (ManifestReader.Required(message, "role", place), ManifestReader.Required(message, "content", place));
        ManifestReader.Expect(role, JsonValueKind.String, place + ".role");
        ManifestReader.Expect(content, JsonValueKind.String, place + ".content");
        var read = new PromptMessage(role.GetString()!, content.GetString()!);
        return !Roles.Contains(read.Role, StringComparer.Ordinal) ? throw new ManifestException($"{place}.role is '{read.Role}': use {string.Join(", ", Roles)}.")
            : read.Text.Length > LongestTemplate ? throw new ManifestException($"{place}.content has {read.Text.Length} characters: at most {LongestTemplate} are possible.")
            : read;
    }

    private static ImmutableSortedDictionary<string, PromptVariable> ReadVariables(JsonElement prompt)
    {
        var read = ImmutableSortedDictionary.CreateBuilder<string, PromptVariable>(StringComparer.Ordinal);
        if (!prompt.TryGetProperty("variables", out var variables))
        {
            return read.ToImmutable();
        }

        ManifestReader.Expect(variables, JsonValueKind.Object, "prompt.variables");
        foreach (var variable in variables.EnumerateObject())
        {
            read.Add(variable.Name, ReadVariable(variable.Name, variable.Value));
        }

        return read.Count <= MostVariables
            ? read.ToImmutable()
            : throw new ManifestException($"prompt.variables has {read.Count} variables: at most {MostVariables} are possible.");
    }

    private static PromptVariable ReadVariable(string name, JsonElement variable)
    {
        var place = $"prompt.variables.{name}";
        if (name.Length is 0 or > 100 || !(char.IsAsciiLetter(name[0]) || name[0] == '_') || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ManifestException($"'{name}' in prompt.variables is not a name: use letters, digits and '_', a letter first.");
        }

        if (variable.ValueKind == JsonValueKind.Null)
        {
            return new(); // "name:" in YAML: declared, and nothing more is said.
        }

        ManifestReader.Expect(variable, JsonValueKind.Object, place);
        ManifestReader.Known(variable, ["description", "default", "example"], place);
        if (variable.TryGetProperty("description", out var description))
        {
            ManifestReader.Expect(description, JsonValueKind.String, place + ".description");
        }

        return new(
            description.ValueKind == JsonValueKind.String ? description.GetString() : null,
            variable.TryGetProperty("default", out var usual) ? CanonicalJson.Of(usual) : null,
            variable.TryGetProperty("example", out var example) ? CanonicalJson.Of(example) : null);
    }
}
