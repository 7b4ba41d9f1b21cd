using System.CommandLine;
using System.Text.Json;
using Backstop.Client;
using Spectre.Console;

namespace Backstop.Commands;

/// <summary>What every verb that talks to a running Backstop has in common.</summary>
internal static class Remote
{
    private static readonly Option<string> ServerOption = new("--server")
    {
        Description = "Where 'backstop serve' listens.",
        DefaultValueFactory = _ => "http://127.0.0.1:8080",
    };

    private static readonly Option<bool> JsonOption = new("--json") { Description = "Print what the server said, as JSON." };

    /// <summary>A verb with <c>--server</c> and <c>--json</c>, and one place that turns refusals into a sentence and exit code 1.</summary>
    /// <param name="ask">Asks the server.</param>
    /// <param name="show">Shows the answer to a person.</param>
    public static Command Verb<T>(
        string name,
        string description,
        Symbol[] symbols,
        Func<ParseResult, ControlClient, CancellationToken, Task<Reply<T>>> ask,
        Action<T, Screen> show) =>
        Verb(name, description, symbols, async (parse, client, cancel) =>
        {
            var reply = await ask(parse, client, cancel);
            if (WantsJson(parse))
            {
                PrintJson(reply.Text);
            }
            else
            {
                show(reply.Body, new Screen(AnsiConsole.Console));
            }

            return 0;
        });

    /// <summary>As above, for a verb that prints by itself.</summary>
    public static Command Verb(
        string name, string description, Symbol[] symbols, Func<ParseResult, ControlClient, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, description) { ServerOption, JsonOption };
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        command.SetAction((parse, cancel) => Guarded(() => Run(parse, run, cancel)));
        return command;
    }

    public static bool WantsJson(ParseResult parse) => parse.GetValue(JsonOption);

    /// <summary>Runs a verb; what went wrong becomes one sentence on standard error, never a stack trace.</summary>
    public static async Task<int> Guarded(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception e) when (e is ControlException or Hosting.OptionException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"backstop: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    private static async Task<int> Run(
        ParseResult parse, Func<ParseResult, ControlClient, CancellationToken, Task<int>> run, CancellationToken cancel)
    {
        var text = parse.GetValue(ServerOption)!;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
        {
            throw new Hosting.OptionException($"--server '{text}' is not an address: write one such as http://127.0.0.1:8080.");
        }

        using var client = new ControlClient(server);
        return await run(parse, client, cancel);
    }

    private static void PrintJson(string text)
    {
        using var document = JsonDocument.Parse(text);
        Console.WriteLine(JsonSerializer.Serialize(document.RootElement, ControlClient.Json));
    }
}
