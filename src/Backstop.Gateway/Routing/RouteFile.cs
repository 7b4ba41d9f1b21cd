using System.Text.Json;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Routing;

/// <summary>The last route table on disk, so that a gateway starts and serves with the control plane dead.</summary>
/// <remarks>
/// Replaced by renaming a complete file, and sealed with a checksum: a torn or tampered file is refused, never half believed.
/// </remarks>
public sealed class RouteFile(string path)
{
    // What is missing in the file is refused by the reader, not found out by whoever uses it.
    private static readonly JsonSerializerOptions Complete = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private sealed record Sealed(string Checksum, string Content);

    private sealed record Content(Route[] Routes, Stored[] Releases);

    private sealed record Stored(string Name, string Manifest);

    /// <summary>Writes the table durably.</summary>
    public void Write(RouteTable table)
    {
        var content = JsonSerializer.Serialize(new Content(
            [.. table.Routes.Values.OrderBy(r => r.Alias, StringComparer.Ordinal)],
            [.. table.Releases.Values.OrderBy(r => r.Digest, StringComparer.Ordinal).Select(r => new Stored(r.Name, r.Manifest))]));
        var sealedContent = JsonSerializer.SerializeToUtf8Bytes(new Sealed(CanonicalJson.Digest(content), content));
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(sealedContent);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The table that was written last, or the empty one when there is none that can be trusted.</summary>
    /// <param name="problem">Why a file that exists was not used.</param>
    public RouteTable Read(out string? problem)
    {
        problem = null;
        if (!File.Exists(path))
        {
            return RouteTable.Empty;
        }

        try
        {
            var read = JsonSerializer.Deserialize<Sealed>(File.ReadAllBytes(path), Complete);
            if (read is null || CanonicalJson.Digest(read.Content) != read.Checksum)
            {
                problem = "its checksum does not match";
                return RouteTable.Empty;
            }

            return Restore(JsonSerializer.Deserialize<Content>(read.Content, Complete)!);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            problem = e.Message;
            return RouteTable.Empty;
        }
    }

    private static RouteTable Restore(Content content)
    {
        var releases = content.Releases.Select(r => Release.Parse(r.Name, r.Manifest) is ReleaseResult.Parsed parsed
            ? parsed.Release
            : throw new InvalidDataException($"release '{r.Name}' cannot be read")).ToList();
        var table = RouteTable.Empty;
        foreach (var route in content.Routes)
        {
            table = table.Apply(route, releases) is ApplyResult.Applied applied
                ? applied.Table
                : throw new InvalidDataException($"the route of '{route.Alias}' cannot be applied");
        }

        return table;
    }
}
