using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Backstop.Core.Registry;

/// <summary>Puts components into a manifest that names them, so that a release holds everything it is.</summary>
/// <remarks>
/// Where a part is the text <c>NAME@VERSION</c>, its content takes the place of the text, and <c>components</c> says what it
/// was: name, version and digest. So gateways need nothing but the manifest, and everybody can see which releases share what.
/// </remarks>
public static class ManifestComponents
{
    /// <summary>The components that must be known to resolve a manifest.</summary>
    public static ImmutableArray<ComponentRef> Needed(JsonObject manifest) =>
        [.. Component.Kinds.Select(kind => Named(manifest, kind) ?? Pinned(manifest, kind)).OfType<ComponentRef>()];

    /// <summary>The manifest with the content of every component in it; or why it cannot be made.</summary>
    /// <param name="manifest">It is left as it is.</param>
    /// <param name="known">What <see cref="Needed"/> asked for, as far as there is any.</param>
    public static (JsonObject? Manifest, string? Refused) Resolve(JsonObject manifest, IReadOnlyCollection<Component> known)
    {
        var resolved = manifest.DeepClone().AsObject();
        foreach (var wanted in Needed(manifest))
        {
            if (known.FirstOrDefault(c => c.Ref == wanted) is not { } component)
            {
                return (null, $"There is no {wanted.Kind} '{wanted}'. Register it first, or list them with 'backstop component list --kind {wanted.Kind}'.");
            }

            if (Named(manifest, wanted.Kind) is null)
            {
                // It was resolved before; the manifest's reader holds content and digest against each other.
                if ((string?)(resolved["components"]![wanted.Kind]!["digest"] as JsonValue) != component.Digest)
                {
                    return (null, $"components.{wanted.Kind} says another digest than {wanted} has, which is {component.Digest}.");
                }

                continue;
            }

            resolved[wanted.Kind] = JsonNode.Parse(component.Content);
            if (resolved["components"] is not JsonObject components)
            {
                resolved["components"] = components = [];
            }

            components[wanted.Kind] = new JsonObject { ["name"] = wanted.Name, ["version"] = wanted.Version, ["digest"] = component.Digest };
        }

        return (resolved, null);
    }

    private static ComponentRef? Named(JsonObject manifest, string kind) =>
        manifest[kind] is JsonValue value && value.TryGetValue(out string? text) ? ComponentRef.Parse(kind, text) : null;

    private static ComponentRef? Pinned(JsonObject manifest, string kind) =>
        manifest["components"] is JsonObject components && components[kind] is JsonObject pinned
        && pinned["name"] is JsonValue name && name.TryGetValue(out string? text)
        && pinned["version"] is JsonValue version && version.TryGetValue(out int number)
            ? ComponentRef.Parse(kind, string.Create(CultureInfo.InvariantCulture, $"{text}@{number}"))
            : null;
}
