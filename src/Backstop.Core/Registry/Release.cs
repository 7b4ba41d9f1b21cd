using System.Collections.Immutable;
using Backstop.Core.Prompts;

namespace Backstop.Core.Registry;

/// <summary>An immutable, content-addressed bundle of everything that changes behaviour.</summary>
/// <remarks>
/// The digest is the SHA-256 of the canonical manifest, so two releases with the same digest behave the same, and a
/// gateway can check what it was sent. The name is a label of the registry and not part of the content: a quarantined
/// release does not come back under another name.
/// </remarks>
public sealed record Release
{
    private Release(string name, string manifest)
    {
        Name = name;
        Manifest = manifest;
        Digest = CanonicalJson.Digest(manifest);
    }

    /// <summary>The label people use, such as <c>v8</c>; unique in the registry.</summary>
    public string Name { get; }

    /// <summary>The canonical manifest (RFC 8785).</summary>
    public string Manifest { get; }

    /// <summary>SHA-256 of the canonical manifest.</summary>
    public string Digest { get; }

    /// <summary>The model and where it is served.</summary>
    public required Serving Serving { get; init; }

    /// <summary>What is said before the conversation, if the release carries a prompt.</summary>
    public Prompt? Prompt { get; init; }

    /// <summary>Which of its parts are registered components, by their key in the manifest.</summary>
    public ImmutableSortedDictionary<string, ComponentPin> Components { get; init; } =
        ImmutableSortedDictionary<string, ComponentPin>.Empty;

    /// <summary>The guard policy as JSON, or null for the default policy.</summary>
    public string? GuardPolicy { get; init; }

    /// <summary>What it declares about things that outlive it.</summary>
    public Compatibility Compatibility { get; init; } = Compatibility.None;

    /// <summary>Why it may not be registered, though it can be read; null when it may. Releases from before a rule was made stay readable.</summary>
    public string? Flaw { get; init; }

    /// <summary>Sampling parameters as canonical JSON values by name; they override what the caller sent.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Reads a manifest.</summary>
    /// <returns>The release, or what is wrong with the manifest and what to do.</returns>
    public static ReleaseResult Parse(string name, string json) => ManifestReader.Read(name, json);

    internal static Release From(string name, string canonical, Serving serving) =>
        new(name, canonical) { Serving = serving };

    /// <summary>Two releases are equal when their content is.</summary>
    public bool Equals(Release? other) => other is not null && Digest == other.Digest && Name == other.Name;

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Routing.StableHash.Of(Name, Digest);
}

/// <summary>A part of a release that is a registered component.</summary>
public sealed record ComponentPin(string Name, int Version, string Digest);

/// <summary>A manifest that was read, or the reason why it was not.</summary>
public abstract record ReleaseResult
{
    private ReleaseResult()
    {
    }

    /// <summary>The manifest is good.</summary>
    public sealed record Parsed(Release Release) : ReleaseResult;

    /// <summary>The manifest is not; the text says where and what to do.</summary>
    public sealed record Invalid(string Error) : ReleaseResult;
}
