using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Registry;

namespace Backstop.Commands;

/// <summary><c>backstop component</c>: parts of releases that are registered and versioned by themselves.</summary>
internal static class ComponentCommand
{
    private const int LongestPage = 1000;

    private static readonly Argument<string> Kind = new("kind") { Description = $"Which part of a release: {string.Join(", ", Component.Kinds)}." };

    public static Verb Create() => new("component", "Register parts of releases that several may share: models, prompts, guard policies and the like.")
    {
        Push(), List(), Show(), Diff(),
    };

    /// <summary>Registers the content of a file and shows the version it got.</summary>
    public static async Task<int> Push(ParseResult line, ControlClient client, string kind, string name, CancellationToken cancel)
    {
        var content = await ReleaseCommand.Read(line.GetRequiredValue(File), cancel);
        var reply = await client.RegisterComponent(kind, name, content, LineageOf(line), cancel);
        return Remote.Show(line, reply, (component, screen) =>
        {
            screen.Line($"{component.Kind} {component.Name}@{component.Version} ({Screen.Short(component.Digest)}).");
            screen.Line($"A manifest takes it with: \"{component.Kind}\": \"{component.Name}@{component.Version}\"");
        });
    }

    /// <summary>What <see cref="Push(ParseResult, ControlClient, string, string, CancellationToken)"/> asks for besides kind and name.</summary>
    public static Symbol[] PushSymbols => [File, Lineage];

    /// <summary>A name with its version: <c>NAME</c>, the newest, or <c>NAME@VERSION</c>.</summary>
    public static (string Name, string Version) Split(string text) =>
        ComponentRef.Parse("", text) is { } named ? (named.Name, $"{named.Version}") : (text, "latest");

    /// <summary>A verb that lists components.</summary>
    public static Verb List(string? kind = null)
    {
        var only = new Option<string>("--kind") { Description = "Only components of this kind." };
        var name = new Option<string>("--name") { Description = "Only versions of this name." };
        var after = new Option<string>("--after") { Description = "Only what follows this one, KIND/NAME@VERSION." };
        return Remote.Verb(
            "list",
            kind is null ? "List the components and their versions." : "List the prompts and their versions.",
            kind is null ? [only, name, after] : [name, after],
            (line, client, cancel) => client.Components(kind ?? line.GetValue(only), line.GetValue(name), line.GetValue(after), LongestPage, cancel),
            (components, screen) =>
            {
                screen.Table(
                    components,
                    $"None is registered: start with 'backstop {(kind is null ? "component push KIND NAME FILE" : "prompt push NAME FILE")}'.",
                    ("kind", c => c.Kind),
                    ("name", c => $"{c.Name}@{c.Version}"),
                    ("digest", c => Screen.Short(c.Digest)),
                    ("created", c => Screen.Time(c.CreatedAt)));
                if (components.Length == LongestPage)
                {
                    screen.Next($"backstop component list --after {components[^1].Kind}/{components[^1].Name}@{components[^1].Version}");
                }
            },
            kind is null ? "backstop component list --kind model" : "backstop prompt list --name support --json");
    }

    /// <summary>Shows a version.</summary>
    public static void Tell(ComponentView component, Screen screen)
    {
        screen.Facts(
            ("kind", component.Kind),
            ("name", $"{component.Name}@{component.Version}"),
            ("digest", component.Digest),
            ("created", Screen.Time(component.CreatedAt)));
        if (component.Lineage is { } lineage)
        {
            screen.Lineage(lineage);
        }

        screen.Line(JsonSerializer.Serialize(component.Content, JsonOutput.Options));
    }

    private static readonly Argument<FileInfo> File = new("file") { Description = "Its content, YAML or JSON." };

    private static readonly Option<string[]> Lineage = new("--lineage")
    {
        Description = "Where it came from, as KEY=VALUE: training_run, data_set, commit or eval_runs; an address is shown as a link. Repeat for more.",
    };

    private static Verb Push()
    {
        var name = new Argument<string>("name") { Description = "What it is called, without a version." };
        return Remote.Verb(
            "push",
            "Register a component: as the next version of its name, or as the one that has this content already.",
            [Kind, name, .. PushSymbols],
            (line, client, cancel) => Push(line, client, line.GetRequiredValue(Kind), line.GetRequiredValue(name), cancel),
            "backstop component push parameters answers parameters.yaml",
            "backstop component push model ranker model.yaml --lineage training_run=https://tracker.internal/runs/42 --lineage commit=3f2a91c");
    }

    private static Verb Show()
    {
        var name = new Argument<string>("name") { Description = "NAME, the newest version, or NAME@VERSION." };
        return Remote.Verb(
            "show",
            "Show a version of a component, and where it came from.",
            [Kind, name],
            (line, client, cancel) => Split(line.GetRequiredValue(name)) is var (called, version)
                ? client.Component(line.GetRequiredValue(Kind), called, version, cancel)
                : throw new System.Diagnostics.UnreachableException(),
            Tell,
            "backstop component show prompt support@3", "backstop component show prompt support@3 --json");
    }

    private static Verb Diff()
    {
        var before = new Argument<string>("before") { Description = "NAME@VERSION." };
        var after = new Argument<string>("after") { Description = "The other version: NAME@VERSION, NAME or a number." };
        return Remote.Verb(
            "diff",
            "Show what changed between two versions of a component.",
            [Kind, before, after],
            (line, client, cancel) => Diff(client, line.GetRequiredValue(Kind), line.GetRequiredValue(before), line.GetRequiredValue(after), cancel),
            (diff, screen) => screen.Differences(diff.Differences),
            "backstop component diff prompt support@2 support@3");
    }

    /// <summary>What changed between two versions of one name.</summary>
    public static Task<Reply<DiffView>> Diff(ControlClient client, string kind, string before, string after, CancellationToken cancel)
    {
        var (name, first) = Split(before);
        var (other, second) = int.TryParse(after, out _) ? (name, after) : Split(after);
        return other == name
            ? client.DiffComponents(kind, name, first, second, cancel)
            : throw CommandFailure.Usage($"'{before}' and '{after}' are not versions of one name.");
    }

    private static JsonObject? LineageOf(ParseResult line)
    {
        var given = new JsonObject();
        foreach (var text in line.GetValue(Lineage) ?? [])
        {
            if (text.Split('=', 2) is not [var key, { Length: > 0 } value])
            {
                throw CommandFailure.Usage($"--lineage '{text}' is not KEY=VALUE.");
            }

            if (key == "eval_runs")
            {
                given[key] = given[key] is JsonArray runs ? new JsonArray([.. runs.Select(r => r?.DeepClone()), value]) : new JsonArray(value);
            }
            else
            {
                given[key] = value;
            }
        }

        return given.Count == 0 ? null : given;
    }
}
