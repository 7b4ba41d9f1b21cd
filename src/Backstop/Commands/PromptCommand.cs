using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Prompts;
using Backstop.Core.Text;
using Backstop.Prompts;

namespace Backstop.Commands;

/// <summary><c>backstop prompt</c>: prompts as versioned templates.</summary>
internal static class PromptCommand
{
    private const string Kind = "prompt";

    private static readonly Argument<string> What = new("prompt")
    {
        Description = "NAME, the newest version; NAME@VERSION; an alias such as assistant:prod, for what it serves now; or a file.",
    };

    public static Verb Create() => new("prompt", "Register prompts as versioned templates, fill them in, and see what changed between them.")
    {
        Push(), ComponentCommand.List(Kind), Get(), Render(), Diff(),
    };

    private static Verb Push()
    {
        var name = new Argument<string>("name") { Description = "What it is called, without a version." };
        return Remote.Verb(
            "push",
            "Register a prompt: as the next version of its name, or as the one that has this content already.",
            [name, .. ComponentCommand.PushSymbols],
            (line, client, cancel) => ComponentCommand.Push(line, client, Kind, line.GetRequiredValue(name), cancel),
            "backstop prompt push support prompts/support.yaml");
    }

    private static Verb Get() => Remote.Verb(
        "get",
        "Show a prompt: a version, or what an alias serves now.",
        [What],
        async (line, client, cancel) =>
        {
            var what = line.GetRequiredValue(What);
            if (Names.IsAlias(what))
            {
                return Remote.Show(line, await client.AliasPrompt(what, cancel), Tell);
            }

            var (name, version) = ComponentCommand.Split(what);
            return Remote.Show(line, await client.Component(Kind, name, version, cancel), ComponentCommand.Tell);
        },
        "backstop prompt get support@3",
        "backstop prompt get assistant:prod --json");

    private static Verb Render()
    {
        var set = new Option<string[]>("--var") { Description = "A value, as NAME=VALUE; JSON where it is JSON, else text. Repeat for more." };
        var examples = new Option<bool>("--examples") { Description = "Take the examples that the prompt declares for what is not given." };
        return Remote.Verb(
            "render",
            "Fill in a prompt, here on this machine, as the gateway would.",
            [What, set, examples],
            async (line, client, cancel) =>
            {
                var (prompt, template) = await Load(client, line.GetRequiredValue(What), cancel);
                var given = Values(line.GetValue(set) ?? [], prompt);
                if (line.GetValue(examples))
                {
                    foreach (var example in PromptTemplate.Examples(prompt).EnumerateObject())
                    {
                        given.TryAdd(example.Name, JsonNode.Parse(example.Value.GetRawText()));
                    }
                }

                var (messages, refused) = template.Render(JsonSerializer.SerializeToElement(given));
                if (refused is not null)
                {
                    throw CommandFailure.Usage(refused);
                }

                Remote.Print(line, new Rendered([.. messages.Select(m => new MessageView(m.Role, m.Text))]), (rendered, screen) =>
                {
                    foreach (var message in rendered.Messages)
                    {
                        screen.Line($"[{message.Role}]");
                        screen.Line(message.Content);
                    }
                });
                return ExitCode.Ok;
            },
            "backstop prompt render support@3 --var company=Acme --var 'products=[\"tea\",\"mugs\"]'",
            "backstop prompt render prompts/support.yaml --examples");
    }

    private static Verb Diff()
    {
        var before = new Argument<string>("before") { Description = "NAME@VERSION." };
        var after = new Argument<string>("after") { Description = "The other version: NAME@VERSION, NAME or a number." };
        return Remote.Verb(
            "diff",
            "Show what changed between two versions of a prompt, line by line.",
            [before, after],
            (line, client, cancel) => ComponentCommand.Diff(client, Kind, line.GetRequiredValue(before), line.GetRequiredValue(after), cancel),
            (diff, screen) => screen.Differences(diff.Differences),
            "backstop prompt diff support@2 support@3");
    }

    private static async Task<(Prompt Prompt, PromptTemplate Template)> Load(ControlClient client, string what, CancellationToken cancel)
    {
        var json = File.Exists(what) ? (await ReleaseCommand.Read(new(what), cancel)).ToJsonString()
            : Names.IsAlias(what) ? (await client.AliasPrompt(what, cancel)).Body.ToPrompt()
            : ComponentCommand.Split(what) is var (name, version) ? (await client.Component(Kind, name, version, cancel)).Body.Content.GetRawText()
            : throw new System.Diagnostics.UnreachableException();
        try
        {
            var prompt = Prompt.Parse(json);
            return (prompt, PromptTemplate.Compile(prompt));
        }
        catch (PromptException e)
        {
            throw CommandFailure.Usage($"'{what}': {e.Message}");
        }
    }

    private static Dictionary<string, JsonNode?> Values(string[] given, Prompt prompt)
    {
        var values = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var text in given)
        {
            if (text.Split('=', 2) is not [var name, var value])
            {
                throw CommandFailure.Usage($"--var '{text}' is not NAME=VALUE.");
            }

            if (!prompt.Variables.ContainsKey(name))
            {
                throw CommandFailure.Usage($"The prompt has no variable '{name}'.{Suggestion.For(name, prompt.Variables.Keys)}");
            }

            values[name] = Parsed(value);
        }

        return values;
    }

    private static JsonNode? Parsed(string value)
    {
        try
        {
            return JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }

    private static void Tell(AliasPromptView prompt, Screen screen)
    {
        screen.Facts(
            ("alias", prompt.Alias),
            ("release", prompt.Release.Name),
            ("generation", prompt.Generation),
            ("prompt", prompt.Component is { } c ? $"{c.Name}@{c.Version}" : null),
            ("variables", string.Join(", ", prompt.Variables.Select(v => v.Value.Required ? v.Key : $"[{v.Key}]"))));
        foreach (var message in prompt.Messages)
        {
            screen.Line($"[{message.Role}]");
            screen.Line(message.Content);
        }
    }

    private sealed record Rendered(MessageView[] Messages);
}
