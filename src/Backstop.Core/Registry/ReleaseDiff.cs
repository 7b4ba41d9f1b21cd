using System.Collections.Immutable;
using System.Text.Json;

namespace Backstop.Core.Registry;

/// <summary>One place where two releases differ.</summary>
/// <param name="Component">The part of the release: <c>model</c>, <c>prompt</c>, <c>guard_policy</c>, …</param>
/// <param name="Path">Where in the manifest, as a JSON Pointer (RFC 6901).</param>
/// <param name="Before">Canonical JSON in the first release, or null where it has nothing.</param>
/// <param name="After">Canonical JSON in the second release, or null where it has nothing.</param>
public sealed record Difference(string Component, string Path, string? Before, string? After)
{
    /// <summary>What changed line by line, where both are texts and one has several lines; else nothing.</summary>
    public ImmutableArray<LineChange> Lines() => Before is ['"', ..] && After is ['"', ..] && (Before + After).Contains("\\n", StringComparison.Ordinal)
        ? LineDiff.Between(TextOf(Before), TextOf(After))
        : [];

    private static string TextOf(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetString()!;
    }
}

/// <summary>What changed between two releases, down to single values.</summary>
public static class ReleaseDiff
{
    /// <summary>Every difference, in the order of the canonical manifests.</summary>
    public static ImmutableArray<Difference> Between(Release before, Release after)
    {
        using var a = JsonDocument.Parse(before.Manifest);
        using var b = JsonDocument.Parse(after.Manifest);
        var found = ImmutableArray.CreateBuilder<Difference>();
        Compare("", a.RootElement, b.RootElement, found);
        return found.ToImmutable();
    }

    /// <summary>The same for two versions of a component.</summary>
    public static ImmutableArray<Difference> Between(Component before, Component after)
    {
        using var a = JsonDocument.Parse(before.Content);
        using var b = JsonDocument.Parse(after.Content);
        var found = ImmutableArray.CreateBuilder<Difference>();
        Compare($"/{before.Ref.Kind}", a.RootElement, b.RootElement, found);
        return found.ToImmutable();
    }

    /// <summary>The names of the components that differ.</summary>
    public static ImmutableArray<string> Components(Release before, Release after) =>
        [.. Between(before, after).Select(d => d.Component).Distinct(StringComparer.Ordinal)];

    private static void Compare(string path, JsonElement? a, JsonElement? b, ImmutableArray<Difference>.Builder found)
    {
        if (a is { ValueKind: JsonValueKind.Object } x && b is { ValueKind: JsonValueKind.Object } y)
        {
            var keys = x.EnumerateObject().Concat(y.EnumerateObject()).Select(p => p.Name);
            foreach (var key in keys.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                Compare($"{path}/{Escape(key)}", Member(x, key), Member(y, key), found);
            }

            return;
        }

        if (a is { ValueKind: JsonValueKind.Array } s && b is { ValueKind: JsonValueKind.Array } t && HasObjects(s) && HasObjects(t))
        {
            for (var i = 0; i < Math.Max(s.GetArrayLength(), t.GetArrayLength()); i++)
            {
                Compare($"{path}/{i}", i < s.GetArrayLength() ? s[i] : null, i < t.GetArrayLength() ? t[i] : null, found);
            }

            return;
        }

        var before = a is { } p1 ? CanonicalJson.Of(p1) : null;
        var after = b is { } p2 ? CanonicalJson.Of(p2) : null;
        if (before != after)
        {
            found.Add(new(ComponentOf(path.Split('/')), path, before, after));
        }
    }

    // What a part is called says which part of the release it is about.
    private static string ComponentOf(string[] path) => path is [_, "components", var kind, ..] ? kind : path[1];

    private static bool HasObjects(JsonElement array) => array.GetArrayLength() > 0 && array.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object);

    private static JsonElement? Member(JsonElement value, string key) =>
        value.TryGetProperty(key, out var member) ? member : null;

    private static string Escape(string key) =>
        key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
