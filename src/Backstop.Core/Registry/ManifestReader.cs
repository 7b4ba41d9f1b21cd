using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Text;

namespace Backstop.Core.Registry;

/// <summary>Turns manifest JSON into a <see cref="Release"/>; knows every key and refuses the others.</summary>
internal static class ManifestReader
{
    private static readonly string[] Keys =
        ["model", "prompt", "guard_policy", "retrieval_index", "feature_schema", "parameters", "serving", "compatibility", "lineage"];

    private static readonly string[] ServingKeys = ["protocol", "model", "replicas"];

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
        var serving = ReadServing(Required(root, "serving", "the manifest"));
        var canonical = CanonicalJson.Of(root);
        return new(Release.From(name, canonical, serving) with
        {
            SystemPrompt = ReadPrompt(root),
            GuardPolicy = root.TryGetProperty("guard_policy", out var policy) ? CanonicalJson.Of(policy) : null,
            Parameters = ReadParameters(root),
        });
    }

    private static Serving ReadServing(JsonElement serving)
    {
        Expect(serving, JsonValueKind.Object, "serving");
        Known(serving, ServingKeys, "serving");
        var protocol = serving.TryGetProperty("protocol", out var p) ? p.GetString()! : "openai";
        if (protocol is not ("openai" or "open-inference"))
        {
            throw new ManifestException($"serving.protocol is '{protocol}': use 'openai' or 'open-inference'.");
        }

        var model = Required(serving, "model", "serving");
        Expect(model, JsonValueKind.String, "serving.model");
        var replicas = Required(serving, "replicas", "serving");
        Expect(replicas, JsonValueKind.Array, "serving.replicas");
        var uris = ImmutableArray.CreateBuilder<Uri>();
        foreach (var replica in replicas.EnumerateArray())
        {
            Expect(replica, JsonValueKind.String, "serving.replicas");
            if (!Uri.TryCreate(replica.GetString(), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new ManifestException($"serving.replicas has '{replica.GetString()}': write an http or https address.");
            }

            uris.Add(uri);
        }

        return uris.Count > 0
            ? new Serving(protocol, model.GetString()!, uris.ToImmutable())
            : throw new ManifestException("serving.replicas is empty: name at least one address.");
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

    private static JsonElement Required(JsonElement parent, string key, string where) =>
        parent.TryGetProperty(key, out var value) ? value : throw new ManifestException($"'{key}' is missing in {where}.");

    private static void Expect(JsonElement value, JsonValueKind kind, string where)
    {
        if (value.ValueKind != kind)
        {
            throw new ManifestException($"{where} must be a JSON {kind.ToString().ToLowerInvariant()}, not {value.ValueKind.ToString().ToLowerInvariant()}.");
        }
    }

    private static void Known(JsonElement value, string[] keys, string where)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (!keys.Contains(property.Name, StringComparer.Ordinal))
            {
                throw new ManifestException($"Unknown key '{property.Name}' in {where}.{Suggestion.For(property.Name, keys)}");
            }
        }
    }

    private sealed class ManifestException(string message) : Exception(message);
}
