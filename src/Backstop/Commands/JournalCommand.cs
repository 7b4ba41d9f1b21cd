using System.CommandLine;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop journal</c>: every decision, in the order it was made.</summary>
internal static class JournalCommand
{
    public static Verb Create()
    {
        var after = new Option<long>("--after") { Description = "Only entries after this sequence number." };
        var limit = new Option<int>("--limit") { Description = "How many at most.", DefaultValueFactory = _ => 100 };
        return new("journal", "Read what was decided, when and why.")
        {
            Remote.Verb(
                "list",
                "List journal entries.",
                [after, limit],
                (parse, client, cancel) => client.Journal(parse.GetValue(after), parse.GetValue(limit), cancel),
                (entries, screen) => screen.Journal(entries),
                "backstop journal list", "backstop journal list --after 1200 --limit 50 --json"),
            Remote.Verb(
                "check",
                "Check that no entry was changed, moved or removed.",
                [],
                (_, client, cancel) => client.CheckJournal(cancel),
                (check, screen) => screen.Line(check.Flaw ?? $"{check.Entries} entries, each in its place and as it was written."),
                "backstop journal check", "backstop journal check --json"),
        };
    }
}
