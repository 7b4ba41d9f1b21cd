using System.Globalization;
using System.Text.Json;
using Backstop.Core.Guards;
using Backstop.Core.Prompts;
using Backstop.Core.Text;

namespace Backstop.Core.Registry;

/// <summary>The name of one version of a component.</summary>
/// <param name="Kind">Which part of a release it is; see <see cref="Component.Kinds"/>.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Version">From 1 on; a version never changes.</param>
public sealed record ComponentRef(string Kind, string Name, int Version)
{
    /// <summary>Reads <c>NAME@VERSION</c>; null when the text is none.</summary>
    public static ComponentRef? Parse(string kind, string text) =>
        text.LastIndexOf('@') is > 0 and var at && Names.IsValid(text[..at])
        && int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? new(kind, text[..at], version)
            : null;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}@{Version}");
}

/// <summary>A part of releases that is registered and versioned by itself, so that several may share it.</summary>
/// <param name="Ref">Its name.</param>
/// <param name="Content">What stands in the manifest of a release that takes it, as canonical JSON.</param>
public sealed record Component(ComponentRef Ref, string Content)
{
    /// <summary>What can be one: the keys of a manifest that say how a release behaves.</summary>
    public static readonly string[] Kinds = ["model", "prompt", "guard_policy", "retrieval_index", "feature_schema", "parameters"];

    /// <summary>SHA-256 of the content.</summary>
    public string Digest { get; } = CanonicalJson.Digest(Content);

    /// <summary>Why there may be no such component; null when there may.</summary>
    /// <param name="kind">Which part of a release.</param>
    /// <param name="name">Its name, without a version.</param>
    /// <param name="content">What it is.</param>
    public static string? FlawOf(string kind, string name, JsonElement content)
    {
        if (!Kinds.Contains(kind, StringComparer.Ordinal))
        {
            return $"'{kind}' is not a kind of component.{Suggestion.For(kind, Kinds)} There are {string.Join(", ", Kinds)}.";
        }

        if (!Names.IsValid(name))
        {
            return $"'{name}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_', such as 'support-answer'.";
        }

        try
        {
            ManifestReader.Expect(content, JsonValueKind.Object, kind);
            switch (kind)
            {
                case "prompt":
                    PromptReader.Read(content);
                    break;
                case "guard_policy":
                    Ring.Compile(GuardPolicy.Parse(content.GetRawText()));
                    break;
                case "parameters":
                    ManifestReader.ReadParameters(content);
                    break;
            }

            return null;
        }
        catch (Exception e) when (e is ManifestException or GuardPolicyException)
        {
            return e.Message;
        }
    }
}
