using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Text.Json;
using Backstop.Client;
using Backstop.CommandLine;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary>What every verb that talks to a running Backstop has in common.</summary>
internal static class Remote
{
    private const string ServerVariable = "BACKSTOP_SERVER";

    private static readonly Option<string> ServerOption = new("--server")
    {
        Description = $"Where 'backstop serve' listens; {ServerVariable} if absent.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } named ? named.Trim() : "http://127.0.0.1:8080",
    };

    /// <summary>Every verb has it.</summary>
    public static readonly Option<bool> JsonOption = CommandLine.Verb.JsonOption();

    /// <summary>A verb that asks the server one thing and shows the answer, as it was sent with <c>--json</c>.</summary>
    public static Verb Verb<T>(
        string name,
        string description,
        Symbol[] symbols,
        Func<ParseResult, ControlClient, CancellationToken, Task<Reply<T>>> ask,
        Action<T, Screen> show,
        params string[] examples) =>
        Verb(name, description, symbols, async (line, client, cancel) => Show(line, await ask(line, client, cancel), show), examples);

    /// <summary>Shows an answer to a person, or as it was sent with <c>--json</c>.</summary>
    public static int Show<T>(ParseResult line, Reply<T> reply, Action<T, Screen> show)
    {
        if (line.GetValue(JsonOption))
        {
            using var document = JsonDocument.Parse(reply.Text);
            line.InvocationConfiguration.Output.WriteJson(document.RootElement);
        }
        else
        {
            show(reply.Body, new Screen(AnsiConsole.Console));
        }

        return ExitCode.Ok;
    }

    /// <summary>Prints what a verb found out by itself: one JSON object with <c>--json</c>, else text.</summary>
    public static void Print<T>(ParseResult line, T value, Action<T, Screen> show)
    {
        if (line.GetValue(JsonOption))
        {
            line.InvocationConfiguration.Output.WriteJson(value);
        }
        else
        {
            show(value, new Screen(AnsiConsole.Console));
        }
    }

    /// <summary>A verb that talks to the server and prints by itself.</summary>
    public static Verb Verb(
        string name,
        string description,
        Symbol[] symbols,
        Func<ParseResult, ControlClient, CancellationToken, Task<int>> run,
        params string[] examples)
    {
        var verb = new Verb(name, description) { Examples = examples };
        foreach (var argument in symbols.OfType<Argument>())
        {
            verb.Arguments.Add(argument);
        }

        foreach (var option in (Option[])[.. symbols.OfType<Option>(), ServerOption, JsonOption])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            using var client = Client(line);
            try
            {
                return await run(line, client, cancel);
            }
            catch (ControlException e)
            {
                throw e.Status is null
                    ? new CommandFailure(e.Message, ExitCode.Unreachable, "backstop serve", e)
                    : new CommandFailure(e.Message, ExitCode.No, Neighbour(line, e), e);
            }
        });
        return verb;
    }

    /// <summary>The server that a command line names, with the key of the environment.</summary>
    /// <exception cref="CommandFailure">It names no address.</exception>
    public static ControlClient Client(ParseResult line) =>
        new(ServerOf(line), Environment.GetEnvironmentVariable(ControlClient.KeyVariable) is { Length: > 0 } key ? key.Trim() : null);

    /// <summary>Whether the answer is to be one JSON object.</summary>
    public static bool WantsJson(ParseResult line) => line.GetValue(JsonOption);

    /// <summary>The address of the server that a command line names.</summary>
    /// <exception cref="CommandFailure">It names no address.</exception>
    public static Uri ServerOf(ParseResult line)
    {
        var text = line.GetRequiredValue(ServerOption);
        return Uri.TryCreate(text, UriKind.Absolute, out var server) && server.Scheme is "http" or "https"
            ? server
            : throw CommandFailure.Usage($"--server '{text}' is not an address: write one such as http://127.0.0.1:8080.");
    }

    /// <summary>After a stranger was sent away, how to show a key; after a name that nobody knows, the verb that lists the known ones.</summary>
    private static string? Neighbour(ParseResult line, ControlException refusal) =>
        refusal.Status is HttpStatusCode.Unauthorized ? $"{ControlClient.KeyVariable}=bsk_… backstop {(line.CommandResult.Parent as CommandResult)?.Command.Name} {line.CommandResult.Command.Name}"
        : refusal.Status is not HttpStatusCode.NotFound ? null
        : line.CommandResult.Parent is CommandResult { Command: { } family } && family.Subcommands.Any(c => c.Name == "list" && c.Arguments.All(a => a.Arity.MinimumNumberOfValues == 0))
            ? $"backstop {family.Name} list"
            : "backstop alias list";
}
