using System.CommandLine;
using System.Text.Json;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop release</c>: what can be served.</summary>
internal static class ReleaseCommand
{
    private const int LongestPage = 1000;

    public static Verb Create() => new("release", "Register releases and see what changed between them.")
    {
        Register(), List(), Show(), Diff(),
    };

    private static Verb Register()
    {
        var file = new Argument<FileInfo>("file") { Description = "Manifest, YAML or JSON." };
        var name = new Option<string?>("--name") { Description = "Name of the release. Otherwise the manifest's 'name', else the file's." };
        return Remote.Verb(
            "register",
            "Register a release. The same manifest again changes nothing; another one needs another name.",
            [file, name],
            async (parse, client, cancel) =>
            {
                var path = parse.GetRequiredValue(file);
                var manifest = await Read(path, cancel);
                var written = manifest.Remove("name", out var inside) ? inside?.GetValue<string>() : null;
                var named = parse.GetValue(name) ?? written ?? Path.GetFileNameWithoutExtension(path.Name);
                return await client.RegisterRelease(named, manifest, cancel);
            },
            (release, screen) =>
            {
                screen.Line($"Registered {release.Name} ({Screen.Short(release.Digest)}).");
                screen.Next($"backstop alias create NAME:prod {release.Name}, or backstop rollout start NAME:prod {release.Name}");
            },
            "backstop release register v8.yaml", "backstop release register v8.yaml --name v8-b --json");
    }

    private static Verb List()
    {
        var after = new Option<string>("--after") { Description = "Only releases that were registered after this one." };
        var limit = new Option<int>("--limit") { Description = "How many at most.", DefaultValueFactory = _ => LongestPage };
        limit.Between(1, LongestPage);
        return Remote.Verb(
            "list",
            "List the releases, oldest first.",
            [after, limit],
            (parse, client, cancel) => client.Releases(parse.GetValue(after), parse.GetValue(limit), cancel),
            (releases, screen) =>
            {
                screen.Table(
                    releases,
                    "No release is registered: start with 'backstop release register FILE'.",
                    ("name", r => r.Name),
                    ("digest", r => Screen.Short(r.Digest)),
                    ("created", r => Screen.Time(r.CreatedAt)));
                if (releases.Length == LongestPage)
                {
                    screen.Next($"backstop release list --after {releases[^1].Name}");
                }
            },
            "backstop release list", "backstop release list --json");
    }

    private static Verb Show()
    {
        var name = new Argument<string>("name") { Description = "Name of the release." };
        return Remote.Verb(
            "show",
            "Show one release with its manifest.",
            [name],
            (parse, client, cancel) => client.Release(parse.GetRequiredValue(name), cancel),
            (release, screen) =>
            {
                screen.Facts(("name", release.Name), ("digest", release.Digest), ("created", Screen.Time(release.CreatedAt)));
                if (release.Manifest is { } manifest)
                {
                    foreach (var part in manifest.TryGetProperty("components", out var components) ? components.EnumerateObject() : default)
                    {
                        screen.Line($"{part.Name}: {part.Value.GetProperty("name")}@{part.Value.GetProperty("version")}");
                    }

                    if (manifest.TryGetProperty("lineage", out var lineage))
                    {
                        screen.Lineage(lineage);
                    }

                    screen.Line(JsonSerializer.Serialize(manifest, JsonOutput.Options));
                }
            },
            "backstop release show v8", "backstop release show v8 --json");
    }

    private static Verb Diff()
    {
        var before = new Argument<string>("before") { Description = "Name of the first release." };
        var after = new Argument<string>("after") { Description = "Name of the second release." };
        return Remote.Verb(
            "diff",
            "Show what changed between two releases, down to single values.",
            [before, after],
            (parse, client, cancel) => client.Diff(parse.GetRequiredValue(before), parse.GetRequiredValue(after), cancel),
            (diff, screen) => screen.Differences(diff.Differences),
            "backstop release diff v7 v8", "backstop release diff v7 v8 --json");
    }

    /// <summary>Reads a file of one mapping, YAML or JSON.</summary>
    /// <exception cref="CommandFailure">It is none; the message says where.</exception>
    public static async Task<System.Text.Json.Nodes.JsonObject> Read(FileInfo file, CancellationToken cancel)
    {
        if (!file.Exists)
        {
            throw CommandFailure.Usage($"'{file}' does not exist.");
        }

        try
        {
            return YamlManifest.Parse(await File.ReadAllTextAsync(file.FullName, cancel));
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage($"'{file}' cannot be read: {e.Message}");
        }
    }
}
