using System.CommandLine;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop notify</c>: who is told of incidents, and whether they can be reached.</summary>
internal static class NotifyCommand
{
    public static Verb Create() => new("notify", "See who is told of incidents, and send a test.") { List(), Test() };

    private static Verb List() => Remote.Verb(
        "list",
        "List who is told of incidents.",
        [],
        (_, client, cancel) => client.Receivers(cancel),
        (receivers, screen) => screen.Table(
            receivers,
            "Nobody is told: start the server with --notify FILE.",
            ("name", r => r.Name),
            ("to", r => r.To),
            ("from severity", r => r.Least),
            ("aliases", r => r.Aliases.Length == 0 ? "all" : string.Join(", ", r.Aliases))),
        "backstop notify list", "backstop notify list --json");

    private static Verb Test()
    {
        var to = new Option<string?>("--to") { Description = "Only to this one." };
        return Remote.Verb(
            "test",
            "Send a test, opened and at once resolved, to everybody or to one. Exits with 1 when one did not arrive.",
            [to],
            async (line, client, cancel) =>
            {
                var reply = await client.TestReceivers(line.GetValue(to), cancel);
                Remote.Show(line, reply, (results, screen) => screen.Table(
                    results, "", ("name", r => r.Name), ("arrived", r => r.Arrived ? "yes" : "NO"), ("why", r => r.Why)));
                return reply.Body.All(r => r.Arrived) ? ExitCode.Ok : ExitCode.No;
            },
            examples: ["backstop notify test", "backstop notify test --to oncall --json"]);
    }
}
