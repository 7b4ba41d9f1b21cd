using Backstop.Client;
using Backstop.Control.Tests.Harness;

namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>Each alias behaves as if its operations happened one at a time, whoever dies in between.</summary>
public sealed class LinearizabilityTests
{
    private static readonly string[] Releases = ["one", "two", "three"];

    [Fact]
    public Task Histories_on_sqlite_are_linearizable_though_the_process_is_killed() => OnSqlite(rounds: 1, aliases: 24);

    [Fact]
    public Task Histories_on_postgres_are_linearizable_though_the_database_is_killed() => OnPostgres(rounds: 1, aliases: 24);

    [Fact(Explicit = true)]
    public Task Ten_thousand_histories_on_sqlite_are_linearizable_though_the_process_is_killed() => OnSqlite(rounds: 100, aliases: 100);

    [Fact(Explicit = true)]
    public Task Ten_thousand_histories_on_postgres_are_linearizable_though_process_and_database_are_killed() => OnPostgres(rounds: 100, aliases: 100);

    private static async Task OnSqlite(int rounds, int aliases)
    {
        await using var server = new KillableServer(store: null);
        await Judge(server, rounds, aliases, _ => server.KillAndStart(TestContext.Current.CancellationToken));
    }

    private static async Task OnPostgres(int rounds, int aliases)
    {
        await using var postgres = await PostgresServer.Start();
        await using var server = new KillableServer(await postgres.NewUrl());
        await Judge(server, rounds, aliases, async round =>
        {
            if (round % 2 == 0)
            {
                await postgres.Crash();
                await postgres.StartAgain();
            }
            else
            {
                await server.KillAndStart(TestContext.Current.CancellationToken);
            }
        });
    }

    /// <summary>In every round all clients start at once, something dies while they are at it, and each history is judged with a last read.</summary>
    private static async Task Judge(KillableServer server, int rounds, int aliases, Func<int, Task> strike)
    {
        var cancel = TestContext.Current.CancellationToken;
        await server.Start(cancel);
        await server.Register(Releases, cancel);
        var histories = new AliasHistories(server.Http, Releases);
        var (unknown, done) = (0, 0);
        for (var round = 0; round < rounds; round++)
        {
            var names = await histories.Prepare($"r{round}", aliases, cancel);
            var seen = await histories.Run(names, seed: round, () => strike(round), cancel);
            for (var i = 0; i < names.Length; i++)
            {
                Step[] history = [.. seen[i], await server.Answering(() => histories.Last(names[i], cancel))];
                Assert.True(
                    LinearizabilityChecker.IsLinearizable(history, AliasModel.New(Releases[0])),
                    $"{names[i]} cannot have behaved so:\n{string.Join('\n', history.OrderBy(s => s.Called))}");
                unknown += history.Count(s => s.IsUnknown);
                done += history.Count(s => s.Answer is Answer.Done);
            }
        }

        Assert.True(done >= rounds * aliases / 2, $"Only {done} changes were made: the histories say too little.");
        Assert.True(rounds < 10 || unknown > 0, "Nothing was under way when something died.");
        using var client = new ControlClient(server.Http);
        Assert.True((await client.CheckJournal(cancel)).Body.Intact);
        TestContext.Current.SendDiagnosticMessage($"{rounds * aliases} histories, {done} changes made, {unknown} operations without an answer.");
    }
}
