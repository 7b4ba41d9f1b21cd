using Backstop.Client;
using Backstop.Control.Tests.Harness;

namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>Each alias behaves as if its operations happened one at a time, whoever dies in between.</summary>
public sealed class LinearizabilityTests
{
    private static readonly string[] Releases = ["one", "two", "three"];

    [Fact]
    public Task Histories_on_sqlite_are_linearizable_though_the_process_is_killed() => OnSqlite(stores: 1, rounds: 1, aliases: 24);

    [Fact]
    public Task Histories_on_postgres_are_linearizable_though_the_database_is_killed() => OnPostgres(stores: 1, rounds: 1, aliases: 24);

    [Fact(Explicit = true)]
    public Task Ten_thousand_histories_on_sqlite_are_linearizable_though_the_process_is_killed() => OnSqlite(stores: 10, rounds: 5, aliases: 200);

    [Fact(Explicit = true)]
    public Task Ten_thousand_histories_on_postgres_are_linearizable_though_process_and_database_are_killed() => OnPostgres(stores: 10, rounds: 5, aliases: 200);

    // A new store every thousand histories: a control plane that starts publishes every alias it has, which is not what is judged here.
    private static async Task OnSqlite(int stores, int rounds, int aliases)
    {
        var tally = new Tally();
        for (var i = 0; i < stores; i++)
        {
            await using var server = new KillableServer(store: null);
            await Judge(server, tally, firstSeed: i * rounds, rounds, aliases, _ => server.KillAndStart(TestContext.Current.CancellationToken));
        }

        tally.Check();
    }

    private static async Task OnPostgres(int stores, int rounds, int aliases)
    {
        var tally = new Tally();
        await using var postgres = await PostgresServer.Start();
        for (var i = 0; i < stores; i++)
        {
            await using var server = new KillableServer(await postgres.NewUrl());
            await Judge(server, tally, firstSeed: i * rounds, rounds, aliases, async round =>
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

        tally.Check();
    }

    /// <summary>In every round all clients start at once, something dies while they are at it, and each history is judged with a last read.</summary>
    private static async Task Judge(KillableServer server, Tally tally, int firstSeed, int rounds, int aliases, Func<int, Task> strike)
    {
        var cancel = TestContext.Current.CancellationToken;
        await server.Start(cancel);
        await server.Register(Releases, cancel);
        var histories = new AliasHistories(server.Http, Releases);
        for (var round = 0; round < rounds; round++)
        {
            var names = await histories.Prepare($"r{round}", aliases, cancel);
            var seen = await histories.Run(names, firstSeed + round, () => strike(round), cancel);
            for (var i = 0; i < names.Length; i++)
            {
                Step[] history = [.. seen[i], await server.Answering(() => histories.Last(names[i], cancel))];
                Assert.True(
                    LinearizabilityChecker.IsLinearizable(history, AliasModel.New(Releases[0])),
                    $"{names[i]} cannot have behaved so:\n{string.Join('\n', history.OrderBy(s => s.Called))}");
                tally.Add(history);
            }
        }

        using var client = new ControlClient(server.Http);
        Assert.True((await client.CheckJournal(cancel)).Body.Intact);
    }

    /// <summary>What the histories hold, so that many that say nothing do not pass for proof.</summary>
    private sealed class Tally
    {
        private readonly long _began = TimeProvider.System.GetTimestamp();
        private int _histories;
        private int _operations;
        private int _changes;
        private int _unanswered;

        public void Add(Step[] history)
        {
            _histories++;
            _operations += history.Length;
            _changes += history.Count(s => s.Answer is Answer.Done);
            _unanswered += history.Count(s => s.IsUnknown);
        }

        public void Check()
        {
            TestContext.Current.SendDiagnosticMessage(
                $"{_histories} histories of {_operations} operations: {_changes} changes, {_unanswered} without an answer; {TimeProvider.System.GetElapsedTime(_began).TotalSeconds:0} s.");
            Assert.True(_changes >= _histories / 2, $"Only {_changes} changes were made: the histories say too little.");
            Assert.True(_histories < 1000 || _unanswered > 0, "Nothing was under way when something died.");
            Assert.True(_unanswered < _operations / 3, $"{_unanswered} of {_operations} operations had no answer: the histories say too little.");
        }
    }
}
