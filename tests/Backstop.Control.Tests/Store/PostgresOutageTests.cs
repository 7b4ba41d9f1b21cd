using System.Net;
using System.Net.Sockets;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Incidents;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Control.Tests.Store;

/// <summary>Its own server, because it is mistreated.</summary>
public sealed class PostgresOutageTests : IAsyncLifetime
{
    private static readonly object Serving = new { model = "m", replicas = new[] { "http://127.0.0.1:9" } };
    private PostgresServer _postgres = null!;

    public async ValueTask InitializeAsync() => _postgres = await PostgresServer.Start();

    public ValueTask DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task What_was_acknowledged_survives_the_death_of_the_database_and_what_was_not_is_told()
    {
        await using var control = await ControlServer.Start(store: await _postgres.NewDatabase());
        foreach (var release in new[] { "v7", "v8" })
        {
            await control.Post("releases", new { name = release, manifest = new { serving = Serving, prompt = new { system = release } } });
        }

        await control.CreateAlias("assistant:prod", "v7");
        Assert.Equal(HttpStatusCode.OK, await Swap(control, "v8", 1));

        await _postgres.Crash();
        var (status, problem) = await control.Post("aliases/assistant:prod/swap", new { release = "v7", expected_generation = 2, reason = "test" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("PostgreSQL", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(PostgresServer.Password, problem.ToJsonString(), StringComparison.Ordinal);

        await _postgres.StartAgain();
        await Eventually.Is(async () => (await control.Api.GetAsync("/api/v1/aliases/assistant:prod")).StatusCode, s => s == HttpStatusCode.OK);
        var alias = await control.Get("aliases/assistant:prod");
        Assert.Equal(("v8", 2), ((string)alias["current"]!["name"]!, (long)alias["generation"]!));
        Assert.Equal(HttpStatusCode.OK, await Swap(control, "v7", 2));
        Assert.True((bool)(await control.Get("journal/check"))["intact"]!);
    }

    [Fact]
    public async Task A_rollout_goes_on_though_the_database_was_away_when_its_releases_were_found_warm()
    {
        var (log, answer) = (new LogBook(), new TaskCompletionSource());
        await using var model = await ModelServer.Start();
        model.Holds = answer.Task;
        await using var control = await ControlServer.Start(store: await _postgres.NewDatabase(), log: log);
        await control.Register("v7", model.Address, "seven");
        await control.Register("v8", model.Address, "eight");
        await control.CreateAlias("assistant:prod", "v7");
        await control.Post("aliases/assistant:prod/rollouts", new { release = "v8", plan = new { steps = new[] { new { basis_points = 500, dwell_ms = 3_600_000, min_units = 1000 } } } });
        await Eventually.Is(() => control.Get("aliases/assistant:prod"), a => (string?)a["rollout"]?["status"] == "warming");
        await Eventually.Is(() => Task.FromResult(model.Asked.Count), asked => asked > 0);

        await _postgres.Crash();
        answer.SetResult();
        await Eventually.Is(() => Task.FromResult(log.Lines), lines => lines.Any(line => line.StartsWith("What was decided of assistant:prod", StringComparison.Ordinal)));
        await _postgres.StartAgain();

        await Eventually.Is(async () => (await control.Api.GetAsync("/api/v1/aliases/assistant:prod")).StatusCode, s => s == HttpStatusCode.OK);
        await Eventually.Is(() => control.Get("aliases/assistant:prod"), a => (string?)a["rollout"]?["status"] == "canary");
    }

    [Fact]
    public async Task A_doubt_that_was_told_while_the_database_was_away_stands_in_the_book_afterwards_and_so_does_what_was_told_after_it()
    {
        using var store = DurableStore.At(await _postgres.NewDatabase());
        await store.Open(TestContext.Current.CancellationToken);
        var releases = new ReleaseStore(store, TimeProvider.System);
        var (good, bad) = (await Register(releases, "good"), await Register(releases, "bad"));
        var book = new IncidentBook(store, releases, new(NullLogger<SampleShelf>.Instance), new(store, TimeProvider.System), TimeProvider.System);
        var reporter = new IncidentReporter(book, NullLogger.Instance);
        var told = new TaskCompletionSource<Incident>(TaskCreationOptions.RunContinuationsAsynchronously);

        await _postgres.Crash();
        reporter.Observe(
            new() { Alias = "assistant:prod", Release = bad, Baseline = good, Blamed = false, Reason = "answers are longer" },
            incident =>
            {
                told.SetResult(incident);
                return Task.CompletedTask;
            });
        reporter.Infer(new("rebuilt", DateTimeOffset.UtcNow, ["index"], "the index was rebuilt"));
        await reporter.Finish();
        Assert.NotNull(reporter.Failed);
        Assert.False(told.Task.IsCompleted);

        await _postgres.StartAgain();
        reporter.TellAgain();
        await reporter.Finish();

        Assert.Null(reporter.Failed);
        Assert.Equal((await told.Task).Id, Assert.Single(await book.Since(DateTimeOffset.UnixEpoch)).Id);
        Assert.Equal("rebuilt", Assert.Single(await new ChangeLedger(store, TimeProvider.System).Near(DateTimeOffset.UtcNow)).Id);
    }

    [Fact]
    public async Task However_often_the_same_times_are_told_while_the_database_is_away_they_wait_once()
    {
        using var log = new LogBook();
        using var store = DurableStore.At(await _postgres.NewDatabase());
        await store.Open(TestContext.Current.CancellationToken);
        var book = new IncidentBook(store, new(store, TimeProvider.System), new(NullLogger<SampleShelf>.Instance), new(store, TimeProvider.System), TimeProvider.System);
        var reporter = new IncidentReporter(book, log.CreateLogger("reporter"));
        var times = new Timeline(Decided: DateTimeOffset.UnixEpoch);

        await _postgres.Crash();
        reporter.Infer(new("rebuilt", DateTimeOffset.UtcNow, ["index"], "the index was rebuilt"));
        await reporter.Finish();
        reporter.Stamp(times);
        await reporter.Finish();
        var tries = log.Lines.Length;
        for (var second = 0; second < 10; second++)
        {
            reporter.Stamp(times with { });
        }

        await reporter.Finish();
        Assert.Equal(2, tries);
        Assert.Equal(tries, log.Lines.Length);

        reporter.Stamp(times with { Swapped = DateTimeOffset.UnixEpoch });
        await reporter.Finish();
        Assert.Equal(tries + 1, log.Lines.Length);

        await _postgres.StartAgain();
        reporter.TellAgain();
        await reporter.Finish();
        Assert.Null(reporter.Failed);
    }

    [Fact]
    public async Task A_store_that_cannot_be_used_says_why_and_what_to_do()
    {
        await Refuses(_postgres.Database("postgres", password: "wrong"), "password", "pg_hba.conf");
        await Refuses(_postgres.Database("missing"), "missing", "createdb");
        await Refuses(StoreAddress.Parse($"postgres://u:s3cret@127.0.0.1:{ClosedPort()}/db"), "cannot be reached", "PostgreSQL runs there");

        await _postgres.Tell("CREATE ROLE guest LOGIN PASSWORD 'guest'");
        await Refuses(_postgres.Database("postgres", "guest", "guest"), "permission denied", "OWNER TO \"guest\"");

        var careless = Assert.IsType<StoreAddress.Postgres>(await _postgres.NewDatabase());
        await _postgres.Tell($"ALTER DATABASE {careless.Database} SET synchronous_commit = off");
        await Refuses(careless, "synchronous_commit = off", "ALTER DATABASE");

        var standby = Assert.IsType<StoreAddress.Postgres>(await _postgres.NewDatabase());
        await _postgres.Tell($"ALTER DATABASE {standby.Database} SET default_transaction_read_only = on");
        await Refuses(standby, "read-only", "primary");
    }

    private static async Task<string> Register(ReleaseStore releases, string name)
    {
        var release = ((ReleaseResult.Parsed)Release.Parse(name, $$"""{ "model": { "name": "{{name}}" }, "serving": { "model": "m", "replicas": ["http://127.0.0.1:9"] } }""")).Release;
        await releases.Register(release, "tester");
        return release.Digest;
    }

    private static async Task Refuses(StoreAddress address, params string[] says)
    {
        using var store = DurableStore.At(address);
        var refusal = await Assert.ThrowsAsync<StoreException>(() => store.Open(CancellationToken.None));
        Assert.All(says, text => Assert.Contains(text, refusal.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("s3cret", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> Swap(ControlServer control, string release, long expected) =>
        (await control.Post("aliases/assistant:prod/swap", new { release, expected_generation = expected, reason = "test" })).Status;

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
