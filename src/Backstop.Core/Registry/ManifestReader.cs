using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Prompts;
using Backstop.Core.Text;

namespace Backstop.Core.Registry;

/// <summary>Turns manifest JSON into a <see cref="Release"/>; knows every key and refuses the others.</summary>
internal static class ManifestReader
{
    private static readonly string[] Keys =
        ["model", "prompt", "guard_policy", "retrieval_index", "feature_schema", "parameters", "serving", "components", "compatibility", "lineage"];

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
            Prompt = ReadPrompt(root),
            Components = ReadComponents(root),
            Compatibility = Compatibility.Read(root),
            Flaw = FlawOf(root),
            GuardPolicy = root.TryGetProperty("guard_policy", out var policy) ? CanonicalJson.Of(policy) : null,
            Parameters = root.TryGetProperty("parameters", out var parameters)
                ? ReadParameters(parameters)
                : ImmutableSortedDictionary<string, string>.Empty,
        });
    }

    private static Prompt? ReadPrompt(JsonElement root) =>
        root.TryGetProperty("prompt", out var prompt) && PromptReader.Read(prompt) is { Messages.IsEmpty: false } read ? read : null;

    private static ImmutableSortedDictionary<string, ComponentPin> ReadComponents(JsonElement root)
    {
        var pins = ImmutableSortedDictionary.CreateBuilder<string, ComponentPin>(StringComparer.Ordinal);
        if (root.TryGetProperty("components", out var components))
        {
            Expect(components, JsonValueKind.Object, "components");
            Known(components, Component.Kinds, "components");
            foreach (var component in components.EnumerateObject())
            {
                pins.Add(component.Name, ReadPin(component.Name, component.Value, Required(root, component.Name, "the manifest, though components names it")));
            }
        }

        return pins.ToImmutable();
    }

    private static ComponentPin ReadPin(string kind, JsonElement pin, JsonElement content)
    {
        var place = $"components.{kind}";
        Expect(pin, JsonValueKind.Object, place);
        Known(pin, ["name", "version", "digest"], place);
        var (name, version, digest) = (Required(pin, "name", place), Required(pin, "version", place), Required(pin, "digest", place));
        Expect(name, JsonValueKind.String, place + ".name");
        Expect(digest, JsonValueKind.String, place + ".digest");
        if (version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out var number) || number < 1)
        {
            throw new ManifestException($"{place}.version must be a whole number from 1 on.");
        }

        return digest.GetString() == CanonicalJson.Digest(CanonicalJson.Of(content))
            ? new(name.GetString()!, number, digest.GetString()!)
            : throw new ManifestException($"{place}.digest is not the digest of '{kind}': name the component as \"{kind}\": \"{name.GetString()}@{number}\", or leave it out of components.");
    }

    // Lineage says nothing that anybody acts on, so what is stored is never held against it.
    private static string? FlawOf(JsonElement root) =>
        (root.TryGetProperty("lineage", out var lineage) ? LineageLink.Read(lineage).Flaw : null)
        ?? (root.TryGetProperty("compatibility", out var compatibility) ? Compatibility.FlawOf(compatibility) : null);

    /// <summary>What overrides the parameters of a request.</summary>
    public static ImmutableSortedDictionary<string, string> ReadParameters(JsonElement parameters)
    {
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
