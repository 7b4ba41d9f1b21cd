using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Control.Tests.Store;

/// <summary>Whoever comes first wins, everybody else hears it, and nothing is half done.</summary>
public abstract partial class StoreCompliance
{
    [Fact]
    public async Task Of_many_swaps_at_once_exactly_one_wins_per_generation()
    {
        await Aliases.Create(First, Why);
        for (var generation = 1; generation <= 5; generation++)
        {
            var seen = (await Aliases.Find(First.Name))!;
            var results = await AtOnce(20, (plane, i) => new AliasStore(plane, TimeProvider.System).Commit(seen, Next(seen, $"v{i}"), rollout: null, Why));
            Assert.Single(results.OfType<CommitResult.Committed>());
            Assert.All(results.OfType<CommitResult.Stale>(), stale => Assert.Equal(generation + 1, stale.Actual.Generation));
        }

        Assert.Equal(6, await Entries());
        Assert.Null(await Store.Read(Journal.Verify));
    }

    [Fact]
    public async Task Swaps_of_many_aliases_at_once_all_get_their_entry_in_one_chain()
    {
        const int swaps = 10;
        await AtOnce(8, async (plane, i) =>
        {
            var aliases = new AliasStore(plane, TimeProvider.System);
            var alias = First with { Name = $"alias-{i}:prod" };
            Assert.IsType<CommitResult.Committed>(await aliases.Create(alias, Why));
            for (var swap = 0; swap < swaps; swap++, alias = Next(alias, $"v{swap}"))
            {
                Assert.IsType<CommitResult.Committed>(await aliases.Commit(alias, Next(alias, $"v{swap}"), rollout: null, Why));
            }

            return true;
        });
        Assert.Equal(8 * (swaps + 1), await Entries());
        Assert.Null(await Store.Read(Journal.Verify));
    }

    [Fact]
    public async Task An_alias_that_many_create_at_once_is_created_once_and_the_others_are_told()
    {
        var results = await AtOnce(12, (plane, i) => new AliasStore(plane, TimeProvider.System).Create(First with { Current = $"v{i}" }, Why));
        Assert.Single(results.OfType<CommitResult.Committed>());
        var winner = await Aliases.Find(First.Name);
        Assert.All(results.OfType<CommitResult.Stale>(), stale => Assert.Equal(winner!.Current, stale.Actual.Current));
        Assert.Equal(1, await Entries());
    }

    [Fact]
    public async Task Of_many_rollouts_submitted_at_once_one_is_active()
    {
        await Aliases.Create(First, Why);
        var results = await AtOnce(12, (plane, i) => new AliasStore(plane, TimeProvider.System).Commit(First, First, Rollout($"r{i}"), Why));
        Assert.Single(results.OfType<CommitResult.Committed>());
        Assert.Single(await Aliases.ActiveRollouts());
        Assert.Equal(2, await Entries());
    }

    [Fact]
    public async Task A_release_that_many_register_at_once_is_registered_once()
    {
        var (one, other) = (Parsed("v8", "one"), Parsed("v8", "other"));
        var results = await AtOnce(12, (plane, i) => new ReleaseStore(plane, TimeProvider.System).Register(i % 2 == 0 ? one : other, "tester"));
        var winner = Assert.Single(results.OfType<RegisterResult.Registered>()).Release.Release.Digest;
        Assert.Equal(5, results.OfType<RegisterResult.Known>().Count());
        Assert.All(results.OfType<RegisterResult.NameTaken>(), taken => Assert.Equal(winner, taken.Digest));
        Assert.Equal(1, await Entries());
    }

    [Fact]
    public async Task Alarms_and_comments_at_once_make_one_incident_that_keeps_them_all()
    {
        var releases = new ReleaseStore(Store, TimeProvider.System);
        var (bad, good) = (Parsed("v8", "bad"), Parsed("v7", "good"));
        await releases.Register(bad, "tester");
        await releases.Register(good, "tester");

        var alarm = new Alarm { Alias = First.Name, Release = bad.Digest, Baseline = good.Digest, Blamed = true, Reason = "worse" };
        var raised = await AtOnce(8, (plane, _) => Book(plane).Raise(alarm));
        var id = Assert.Single(raised.Select(i => i.Id).Distinct(StringComparer.Ordinal));

        await AtOnce(16, (plane, i) => Book(plane).Change(id, incident => incident.Comment("tester", $"{i}", DateTimeOffset.UnixEpoch)));
        Assert.Equal(16, (await Book(Store).Find(id))!.Comments.Length);

        IncidentBook Book(Control.Store.DurableStore plane) =>
            new(plane, new(plane, TimeProvider.System), new(NullLogger<SampleShelf>.Instance), new(plane, TimeProvider.System), TimeProvider.System);
    }

    [Fact]
    public async Task A_swap_decided_on_another_epoch_is_stale()
    {
        await Aliases.Create(First, Why);
        var result = await Aliases.Commit(First with { Epoch = 2 }, Next(First, "v8"), rollout: null, Why);
        Assert.Equal(First.Generation, Assert.IsType<CommitResult.Stale>(result).Actual.Generation);
    }

    [Fact]
    public async Task A_refused_write_leaves_no_entry_and_no_rollout()
    {
        await Aliases.Create(First, Why);
        await Aliases.Commit(First with { Generation = 7 }, Next(First, "v8"), Rollout("r1"), Why);
        Assert.Equal(1, await Entries());
        Assert.Null(await Aliases.Rollout("r1"));
        Assert.Null(await Store.Read(Journal.Verify));
    }

    [Fact]
    public async Task A_second_active_rollout_of_an_alias_is_refused_by_the_store()
    {
        await Aliases.Create(First, Why);
        Assert.IsType<CommitResult.Committed>(await Aliases.Commit(First, First, Rollout("r1"), Why));
        Assert.IsType<CommitResult.Stale>(await Aliases.Commit(First, First, Rollout("r2"), Why));
    }

    [Fact]
    public async Task An_owner_that_was_replaced_cannot_expose_what_was_aborted_though_the_alias_did_not_move()
    {
        await Aliases.Create(First, Why);
        var submitted = Rollout("r1");
        await Aliases.Commit(First, First, submitted, Why);
        var aborted = submitted with { Revision = 2, Rollout = submitted.Rollout with { Status = RolloutStatus.Rejected, Abort = "a person said so" } };
        Assert.IsType<CommitResult.Committed>(await Aliases.Commit(First, First, aborted, Why));

        var exposed = submitted with { Revision = 2, Rollout = submitted.Rollout with { Status = RolloutStatus.Canary } };
        Assert.IsType<CommitResult.Stale>(await Aliases.Commit(First, Next(First, "v7") with { Candidate = "v8" }, exposed, Why));
        Assert.Null((await Aliases.Find(First.Name))!.Candidate);
    }

    [Theory]
    [InlineData("""UPDATE "Journal" SET "Reason" = 'another' WHERE "Sequence" = 2""")]
    [InlineData("""UPDATE "Journal" SET "At" = "At" + 1 WHERE "Sequence" = 2""")]
    [InlineData("""UPDATE "Journal" SET "Actor" = 'nobody' WHERE "Sequence" = 3""")]
    [InlineData("""UPDATE "Journal" SET "After" = "Before" WHERE "Sequence" = 3""")]
    [InlineData("""DELETE FROM "Journal" WHERE "Sequence" = 2""")]
    [InlineData("""DELETE FROM "Journal" WHERE "Sequence" = 4""")]
    [InlineData("""UPDATE "Aliases" SET "Generation" = 9""")]
    [InlineData("""UPDATE "Aliases" SET "Record" = replace("Record", 'v8', 'v9')""")]
    public async Task Tampering_is_found(string tampering)
    {
        await Aliases.Create(First, Why);
        var alias = First;
        foreach (var release in new[] { "v8", "v7", "v8" })
        {
            await Aliases.Commit(alias, Next(alias, release), rollout: null, Why);
            alias = Next(alias, release);
        }

        Assert.Null(await Store.Read(Journal.Verify));
        Assert.Equal(1, await Tell(tampering));
        Assert.NotNull(await Store.Read(Journal.Verify));
    }

    private static Release Parsed(string name, string model) => ((ReleaseResult.Parsed)Release.Parse(
        name, $$"""{ "model": { "name": "{{model}}" }, "serving": { "protocol": "openai", "model": "{{model}}", "replicas": ["http://127.0.0.1:1"] } }""")).Release;
}
