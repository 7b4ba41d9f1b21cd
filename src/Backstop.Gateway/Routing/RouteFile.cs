using System.Text.Json;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Routing;

/// <summary>The last route table on disk, so that a gateway starts and serves with the control plane dead.</summary>
public sealed class RouteFile(string path)
{
    // What is missing in the file is refused by the reader, not found out by whoever uses it.
    private static readonly JsonSerializerOptions Complete = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private sealed record Content(Route[] Routes, Stored[] Releases);

    private sealed record Stored(string Name, string Manifest);

    /// <summary>Writes the table durably.</summary>
    public void Write(RouteTable table)
    {
        var content = JsonSerializer.Serialize(new Content(
            [.. table.Routes.Values.OrderBy(r => r.Alias, StringComparer.Ordinal)],
            [.. table.Releases.Values.OrderBy(r => r.Digest, StringComparer.Ordinal).Select(r => new Stored(r.Name, r.Manifest))]));
        SealedFile.Write(path, content);
    }

    /// <summary>The table that was written last, or the empty one when there is none that can be trusted.</summary>
    /// <param name="problem">Why a file that exists was not used.</param>
    public RouteTable Read(out string? problem)
    {
        try
        {
            return SealedFile.Read(path, out problem) is { } content ? Restore(JsonSerializer.Deserialize<Content>(content, Complete)!) : RouteTable.Empty;
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
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
        var changes = content.Routes.Select((route, index) => new RouteChange(route, index == 0 ? releases : [])).ToList();
        var (table, results) = RouteTable.Empty.Apply(changes);
        var refused = results.IndexOf(results.FirstOrDefault(result => result is not ApplyResult.Applied)!);
        return refused < 0 ? table : throw new InvalidDataException($"the route of '{content.Routes[refused].Alias}' cannot be applied");
    }
}
