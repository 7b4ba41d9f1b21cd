using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Registry;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;
using Backstop.Prompts;

namespace Backstop.Control.Api;

/// <summary>What a new release must keep to. Those that were registered before a rule was made stay readable: they are not asked again.</summary>
internal static class ReleaseDoor
{
    /// <summary>The release of a manifest, with the components in it that the manifest names.</summary>
    /// <exception cref="RefusedException">Something in it makes no sense.</exception>
    public static async Task<Release> Admit(string name, JsonElement manifest, ComponentStore components)
    {
        // What is no object, the reader tells better.
        var json = manifest.ValueKind == JsonValueKind.Object ? await Resolve(JsonObject.Create(manifest)!, components) : manifest.GetRawText();
        var release = Release.Parse(name, json) switch
        {
            ReleaseResult.Parsed parsed => parsed.Release,
            ReleaseResult.Invalid invalid => throw RefusedException.Invalid(invalid.Error),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (release.Flaw is { } flaw)
        {
            throw RefusedException.Invalid(flaw);
        }

        if (release.Prompt is { } prompt)
        {
            Check(prompt);
        }

        return release;
    }

    /// <summary>Whether a prompt's templates can be used.</summary>
    /// <exception cref="RefusedException">They cannot.</exception>
    public static void Check(Prompt prompt)
    {
        try
        {
            PromptTemplate.Compile(prompt);
        }
        catch (PromptException e)
        {
            throw RefusedException.Invalid(e.Message);
        }
    }

    private static async Task<string> Resolve(JsonObject manifest, ComponentStore components)
    {
        var (resolved, refused) = ManifestComponents.Resolve(manifest, await components.Find(ManifestComponents.Needed(manifest)));
        return resolved?.ToJsonString() ?? throw RefusedException.Invalid(refused!);
    }
}
