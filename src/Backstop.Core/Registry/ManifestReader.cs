using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Text;

namespace Backstop.Core.Registry;

/// <summary>Turns manifest JSON into a <see cref="Release"/>; knows every key and refuses the others.</summary>
internal static class ManifestReader
{
    private static readonly string[] Keys =
        ["model", "prompt", "guard_policy", "retrieval_index", "feature_schema", "parameters", "serving", "compatibility", "lineage"];

    public static ReleaseResult Read(string name, string json)
    {
        if (!Names.IsValid(name))
        {
            return new ReleaseResult.Invalid(
                $"'{name}' is not a release name: use 1 to 100 letters, digits, '.', '-' or '_', such as 'v8'.");
        }

        try
        {
            using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false });
            return Read(name, document.RootElement);
        }
        catch (JsonException e)
        {
            return new ReleaseResult.Invalid($"The manifest is not valid JSON: {e.Message}");
        }
        catch (ManifestException e)
        {
            return new ReleaseResult.Invalid(e.Message);
        }
    }

    private static ReleaseResult.Parsed Read(string name, JsonElement root)
    {
        Expect(root, JsonValueKind.Object, "the manifest");
        Known(root, Keys, "the manifest");
        var serving = ServingReader.Read(Required(root, "serving", "the manifest"));
        var canonical = CanonicalJson.Of(root);
        return new(Release.From(name, canonical, serving) with
        {
            SystemPrompt = ReadPrompt(root),
            OneWay = ReadOneWay(root),
            GuardPolicy = root.TryGetProperty("guard_policy", out var policy) ? CanonicalJson.Of(policy) : null,
            Parameters = ReadParameters(root),
        });
    }

    private static string? ReadPrompt(JsonElement root)
    {
        if (!root.TryGetProperty("prompt", out var prompt))
        {
            return null;
        }

        Expect(prompt, JsonValueKind.Object, "prompt");
        Known(prompt, ["system", "version"], "prompt");
        return prompt.TryGetProperty("system", out var system) ? system.GetString() : null;
    }

    private static string? ReadOneWay(JsonElement root)
    {
        if (!root.TryGetProperty("compatibility", out var compatibility))
        {
            return null;
        }

        Expect(compatibility, JsonValueKind.Object, "compatibility");
        if (!compatibility.TryGetProperty("one_way", out var why))
        {
            return null;
        }

        Expect(why, JsonValueKind.String, "compatibility.one_way");
        return why.GetString() is { Length: > 0 } text
            ? text
            : throw new ManifestException("compatibility.one_way is empty: say what a release before this one could not read any more, or leave it out.");
    }

    private static ImmutableSortedDictionary<string, string> ReadParameters(JsonElement root)
    {
        if (!root.TryGetProperty("parameters", out var parameters))
        {
            return ImmutableSortedDictionary<string, string>.Empty;
        }

        Expect(parameters, JsonValueKind.Object, "parameters");
        if (parameters.TryGetProperty("model", out _) || parameters.TryGetProperty("messages", out _))
        {
            throw new ManifestException("parameters may not name 'model' or 'messages': serving.model and prompt say those.");
        }

        return parameters.EnumerateObject()
            .ToImmutableSortedDictionary(p => p.Name, p => CanonicalJson.Of(p.Value), StringComparer.Ordinal);
    }

    public static JsonElement Required(JsonElement parent, string key, string where) =>
        parent.TryGetProperty(key, out var value) ? value : throw new ManifestException($"'{key}' is missing in {where}.");

    public static void Expect(JsonElement value, JsonValueKind kind, string where)
    {
        if (value.ValueKind != kind)
        {
            throw new ManifestException($"{where} must be a JSON {kind.ToString().ToLowerInvariant()}, not {value.ValueKind.ToString().ToLowerInvariant()}.");
        }
    }

    public static void Known(JsonElement value, string[] keys, string where)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (!keys.Contains(property.Name, StringComparer.Ordinal))
            {
                throw new ManifestException($"Unknown key '{property.Name}' in {where}.{Suggestion.For(property.Name, keys)}");
            }
        }
    }
}

/// <summary>What is wrong with a manifest and what to write instead.</summary>
internal sealed class ManifestException(string message) : Exception(message);
