using System.CommandLine;
using System.CommandLine.Completions;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary>Completes names from the server, if it answers before a person wonders.</summary>
internal static class NameCompletion
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private delegate Task<IEnumerable<string>> Names(ControlClient client, CancellationToken cancel);

    /// <summary>Gives every argument and option of a command line that is a name what it may be.</summary>
    public static void Attach(Command root)
    {
        var done = new HashSet<Symbol>(); // Verbs share some.
        foreach (var family in root.Subcommands)
        {
            Attach(family, family.Name, done);
        }
    }

    private static void Attach(Command command, string family, HashSet<Symbol> done)
    {
        // What is made has a new name.
        foreach (var argument in command.Arguments.Where(a => !(command.Name == "create" && a.Name == "name")))
        {
            if (NamesOf(family, argument.Name) is { } names && done.Add(argument))
            {
                argument.HelpName ??= argument.Name; // Without one, help would ask the server what may stand there.
                argument.CompletionSources.Add(context => Ask(names, context));
            }
        }

        foreach (var option in command.Options)
        {
            if (NamesOf(family, option.Name.TrimStart('-')) is { } names && done.Add(option))
            {
                option.HelpName ??= option.Name.TrimStart('-');
                option.CompletionSources.Add(context => Ask(names, context));
            }
        }

        foreach (var verb in command.Subcommands)
        {
            Attach(verb, family, done);
        }
    }

    private static Names? NamesOf(string family, string symbol) => (family, symbol) switch
    {
        (not "key" and not "gateway", "alias") or ("alias", "name") => async (client, cancel) => (await client.Aliases(cancel)).Body.Select(a => a.Name),
        (_, "release") or ("release", "name" or "before" or "after") => async (client, cancel) => (await client.Releases(after: null, limit: 1000, cancel)).Body.Select(r => r.Name),
        ("incident", "id") => async (client, cancel) => (await client.Incidents(alias: null, cancel)).Body.Select(i => i.Id),
        ("monitor", "id") => async (client, cancel) => (await client.Monitors(cancel)).Body.Select(m => m.MonitorId),
        ("gate", "id" or "gate") => async (client, cancel) => (await client.Gates(cancel)).Body.Select(g => g.Id),
        _ => null,
    };

    private static IEnumerable<CompletionItem> Ask(Names names, CompletionContext context)
    {
        try
        {
            using var client = Remote.Client(context.ParseResult);
            using var patience = new CancellationTokenSource(Patience);

            // The library asks for completions in one go, and a shell waits for them in any case.
            return names(client, patience.Token).GetAwaiter().GetResult()
                .Where(name => name.StartsWith(context.WordToComplete, StringComparison.Ordinal))
                .Select(name => new CompletionItem(name)).ToArray();
        }
        catch (Exception e) when (e is ControlException or CommandFailure or OperationCanceledException)
        {
            return []; // Nothing answers, or not to this key: there is nothing to complete from.
        }
    }
}
