using System.Collections.Immutable;
using System.Text.Json;

namespace Backstop.Core.Registry;

/// <summary>What a release declares about things that outlive it, so that one can tell whether the release before it could take over again.</summary>
/// <remarks>
/// What a release does not mention it does not use. A release that writes a thing reads the version it writes. So the way back
/// from one release to another is open when the other one reads every version that was written, and when nothing happened that
/// no swap undoes. Nothing here knows what a version means: they are equal or not.
/// </remarks>
public sealed record Compatibility
{
    private static readonly string[] Keys = ["reads", "writes", "irreversible", "one_way"];

    private static readonly ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Nothing =
        ImmutableSortedDictionary.Create<string, ImmutableSortedSet<string>>(StringComparer.Ordinal);

    /// <summary>Declares nothing.</summary>
    public static Compatibility None { get; } = new();

    /// <summary>The versions it can read of each thing, such as <c>feature_schema</c> or <c>retrieval_index</c>.</summary>
    public ImmutableSortedDictionary<string, ImmutableSortedSet<string>> Reads { get; init; } = Nothing;

    /// <summary>The version in which it leaves each thing behind.</summary>
    public ImmutableSortedDictionary<string, string> Writes { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>What it does to the world that no swap takes back, each in a few words.</summary>
    public ImmutableSortedSet<string> Irreversible { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>What a release before this one could not read any more once this one has served; null when there is nothing.</summary>
    public string? OneWay { get; init; }

    /// <summary>What stands against a way back, each with the declaration that says so; nothing when the way is open.</summary>
    /// <param name="after">What the release declares that has served.</param>
    /// <param name="before">What the release declares that would have to take over again.</param>
    public static ImmutableArray<Obstacle> Obstacles(Compatibility after, Compatibility before)
    {
        var found = ImmutableArray.CreateBuilder<Obstacle>();
        foreach (var (thing, version) in after.Writes)
        {
            if (before.VersionsOf(thing) is { } readable && !readable.Contains(version))
            {
                found.Add(new(
                    $"/compatibility/writes/{thing}",
                    $"it writes {thing} {version}, and the release before it reads only {string.Join(", ", readable)} (compatibility.writes.{thing})"));
            }
        }

        found.AddRange(after.Irreversible.Except(before.Irreversible).Select(effect =>
            new Obstacle("/compatibility/irreversible", $"{effect}, which no swap takes back (compatibility.irreversible)")));
        if (after.OneWay is { } why)
        {
            found.Add(new("/compatibility/one_way", $"{why} (compatibility.one_way)"));
        }

        return found.ToImmutable();
    }

    /// <summary>Why a release could not be taken back to another, as a sentence; null when it could.</summary>
    public static string? Refusal(Release after, Release before)
    {
        var obstacles = Obstacles(after.Compatibility, before.Compatibility);
        return obstacles.IsEmpty ? null : $"{after.Name} could not be taken back to {before.Name}: {string.Join("; ", obstacles.Select(o => o.Why))}";
    }

    /// <summary>What is wrong with a declaration that is new; null when nothing. One that is stored is read as far as it goes.</summary>
    internal static string? FlawOf(JsonElement compatibility)
    {
        try
        {
            ManifestReader.Known(compatibility, Keys, "compatibility");
            return null;
        }
        catch (ManifestException e)
        {
            return e.Message;
        }
    }

    internal static Compatibility Read(JsonElement root)
    {
        if (!root.TryGetProperty("compatibility", out var compatibility))
        {
            return None;
        }

        ManifestReader.Expect(compatibility, JsonValueKind.Object, "compatibility");
        return new()
        {
            Reads = Versions(compatibility, "reads").ToImmutableSortedDictionary(
                p => p.Name, p => Listed(p.Value, $"compatibility.reads.{p.Name}"), StringComparer.Ordinal),
            Writes = Versions(compatibility, "writes").ToImmutableSortedDictionary(
                p => p.Name, p => Version(p.Value, $"compatibility.writes.{p.Name}"), StringComparer.Ordinal),
            Irreversible = Effects(compatibility),
            OneWay = ReadOneWay(compatibility),
        };
    }

    private ImmutableSortedSet<string>? VersionsOf(string thing)
    {
        var read = Reads.GetValueOrDefault(thing);
        return Writes.TryGetValue(thing, out var written) ? (read ?? ImmutableSortedSet.Create<string>(StringComparer.Ordinal)).Add(written) : read;
    }

    private static IEnumerable<JsonProperty> Versions(JsonElement compatibility, string key)
    {
        if (!compatibility.TryGetProperty(key, out var things))
        {
            return [];
        }

        ManifestReader.Expect(things, JsonValueKind.Object, $"compatibility.{key}");
        return things.EnumerateObject();
    }

    private static ImmutableSortedSet<string> Listed(JsonElement value, string place) => value.ValueKind == JsonValueKind.Array
        ? value.EnumerateArray().Select((v, i) => Version(v, $"{place}[{i}]")).ToImmutableSortedSet(StringComparer.Ordinal)
        : ImmutableSortedSet.Create(StringComparer.Ordinal, Version(value, place));

    private static string Version(JsonElement value, string place) => value.ValueKind switch
    {
        JsonValueKind.Number => CanonicalJson.Of(value),
        JsonValueKind.String when value.GetString() is { Length: > 0 } text => text,
        _ => throw new ManifestException($"{place} must be a version: a number or a text."),
    };

    private static ImmutableSortedSet<string> Effects(JsonElement compatibility)
    {
        if (!compatibility.TryGetProperty("irreversible", out var effects))
        {
            return None.Irreversible;
        }

        ManifestReader.Expect(effects, JsonValueKind.Array, "compatibility.irreversible");
        return effects.EnumerateArray().Select((effect, i) => effect.ValueKind == JsonValueKind.String && effect.GetString() is { Length: > 0 } text
                ? text
                : throw new ManifestException($"compatibility.irreversible[{i}] must say in a few words what it does, such as 'sends confirmations'."))
            .ToImmutableSortedSet(StringComparer.Ordinal);
    }

    private static string? ReadOneWay(JsonElement compatibility)
    {
        if (!compatibility.TryGetProperty("one_way", out var why))
        {
            return null;
        }

        ManifestReader.Expect(why, JsonValueKind.String, "compatibility.one_way");
        return why.GetString() is { Length: > 0 } text
            ? text
            : throw new ManifestException("compatibility.one_way is empty: say what a release before this one could not read any more, or leave it out.");
    }
}

/// <summary>What stands against the way back from a release to another.</summary>
/// <param name="Declaration">Where it is declared, as a JSON Pointer (RFC 6901) into the manifest of the release that served.</param>
/// <param name="Why">For people.</param>
public sealed record Obstacle(string Declaration, string Why);
