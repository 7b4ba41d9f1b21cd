using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Control.Registry;
using Backstop.Control.Store;

namespace Backstop.Commands;

/// <summary><c>backstop store</c>: copies of the durable truth, and what to do after one was put back.</summary>
internal static class StoreCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Directory of the store.", DefaultValueFactory = _ => "./backstop-data" };
    private static readonly Option<bool> Json = Verb.JsonOption();

    public static Verb Create() => new("store", "Back up the store, restore it, and make it the truth again after a restore.")
    {
        Backup(), Restore(), Reconcile(),
    };

    private static Verb Backup()
    {
        var file = new Argument<string>("file") { Description = "Where to put the copy. It must not be there yet." };
        return Offline(
            "backup",
            "Copy a SQLite store into one file while the server goes on, and check the copy's journal.",
            [file, Data],
            ["backstop store backup backstop-today.db --data ./backstop-data"],
            async (line, cancel) =>
            {
                var entries = await SqliteFiles.Backup(line.GetRequiredValue(Data), line.GetRequiredValue(file), cancel);
                return (new { File = line.GetRequiredValue(file), Entries = entries }, $"{line.GetRequiredValue(file)} has {entries} entries, each in its place.");
            });
    }

    private static Verb Restore()
    {
        var file = new Argument<string>("file") { Description = "The backup." };
        return Offline(
            "restore",
            "Put a backup in the place of a SQLite store whose server is stopped. What was there is kept beside it.",
            [file, Data],
            ["backstop store restore backstop-today.db --data ./backstop-data"],
            async (line, cancel) =>
            {
                var before = await SqliteFiles.Restore(line.GetRequiredValue(file), line.GetRequiredValue(Data), Environment.UserName, TimeProvider.System, cancel);
                return (
                    new { Restored = line.GetRequiredValue(file), Before = before },
                    $"Restored {line.GetRequiredValue(file)}. Gateways will take it for newer than what they have.{(before is null ? "" : $" What was there is {before}.")}");
            });
    }

    private static Verb Reconcile()
    {
        var store = new Option<string?>("--store") { Description = "PostgreSQL as postgres://USER@HOST:5432/DATABASE. Otherwise SQLite in --data." };
        return Offline(
            "reconcile",
            "After a database was restored by its own tools, before control planes start: raise the epoch, so that gateways obey it.",
            [Data, store],
            ["backstop store reconcile --store postgres://backstop@db.internal/backstop"],
            async (line, cancel) =>
            {
                var address = line.GetValue(store) is { } url ? KeyCommand.AddressFrom(url) : new StoreAddress.Sqlite(line.GetRequiredValue(Data));
                using var truth = DurableStore.At(address);
                await truth.Open(cancel);
                var raised = await new Reconciliation(new(truth, TimeProvider.System), TimeProvider.System).Run(Environment.UserName, "the store was restored from a backup");
                return (
                    raised.ConvertAll(a => new { a.Name, a.Epoch, a.Generation }),
                    string.Join('\n', raised.Select(a => $"{a.Name} is at epoch {a.Epoch}, generation {a.Generation}.").DefaultIfEmpty("There is no alias.")));
            });
    }

    private static Verb Offline<T>(
        string name, string description, Symbol[] symbols, string[] examples, Func<ParseResult, CancellationToken, Task<(T Facts, string Text)>> run)
    {
        var verb = new Verb(name, description) { Examples = examples };
        foreach (var symbol in (Symbol[])[.. symbols, Json])
        {
            if (symbol is Argument argument)
            {
                verb.Arguments.Add(argument);
            }
            else
            {
                verb.Options.Add((Option)symbol);
            }
        }

        verb.SetAction(async (line, cancel) =>
        {
            try
            {
                var (facts, text) = await run(line, cancel);
                var output = line.InvocationConfiguration.Output;
                if (line.GetValue(Json))
                {
                    output.WriteJson(facts);
                }
                else
                {
                    await output.WriteLineAsync(text);
                }

                return ExitCode.Ok;
            }
            catch (StoreException e)
            {
                throw new CommandFailure(e.Message, cause: e);
            }
        });
        return verb;
    }
}
