using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Core.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Control.Tests.Store;

/// <summary>Keys: none is lost, none is made twice, and nobody locks everybody out.</summary>
public abstract partial class StoreCompliance
{
    private static readonly DateTimeOffset Noon = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider _clock = new(Noon);

    private KeyStore Keys => new(Store, _clock);

    [Fact]
    public async Task The_first_key_must_be_able_to_make_the_second()
    {
        Assert.IsType<KeyResult.Refused>(await Keys.Create(Wanted("app", Scope.Invoke), "tester"));
        Assert.IsType<KeyResult.Made>(await Keys.Create(Wanted("ops", Scope.Admin), "tester"));
        Assert.IsType<KeyResult.Made>(await Keys.Create(Wanted("app", Scope.Invoke), "tester"));
    }

    [Fact]
    public async Task Of_many_who_make_a_key_of_one_name_at_once_one_gets_it()
    {
        var results = await AtOnce(8, (plane, _) => new KeyStore(plane, _clock).Create(Wanted("ops", Scope.Admin), "tester"));
        Assert.Single(results.OfType<KeyResult.Made>());
        Assert.Equal(7, results.OfType<KeyResult.Refused>().Count());
        Assert.Single(await Keys.All());
    }

    [Fact]
    public async Task A_rotated_key_has_two_texts_until_the_overlap_ends_and_then_one()
    {
        var first = Assert.IsType<KeyResult.Made>(await Keys.Create(Wanted("ops", Scope.Admin) with { ExpiresAt = Noon.AddDays(90) }, "tester"));
        _clock.Advance(TimeSpan.FromDays(80));
        var second = Assert.IsType<KeyResult.Made>(await Keys.Rotate("ops", TimeSpan.FromHours(24), "tester"));
        Assert.Equal(_clock.GetUtcNow().AddDays(90), second.Key.ExpiresAt);

        Assert.Equal((KeyVerdict.Good, KeyVerdict.Good), await Both());
        _clock.Advance(TimeSpan.FromHours(24));
        Assert.Equal((KeyVerdict.Over, KeyVerdict.Good), await Both());
        Assert.Null(await Store.Read(Journal.Verify));

        async Task<(KeyVerdict, KeyVerdict)> Both()
        {
            var ring = new KeyRing(await Keys.All(), new byte[32]);
            return (ring.Judge(first.Text, _clock.GetUtcNow(), out _, out _), ring.Judge(second.Text, _clock.GetUtcNow(), out _, out _));
        }
    }

    [Fact]
    public async Task A_rotation_never_makes_an_old_key_live_longer()
    {
        var first = Assert.IsType<KeyResult.Made>(await Keys.Create(Wanted("ops", Scope.Admin) with { ExpiresAt = Noon.AddHours(2) }, "tester"));
        await Keys.Rotate("ops", TimeSpan.FromDays(30), "tester");
        Assert.Equal(Noon.AddHours(2), (await Keys.All()).Single(k => k.Prefix == first.Key.Prefix).ExpiresAt);
    }

    [Fact]
    public async Task The_last_admin_key_cannot_be_revoked_and_no_key_is_ever_forgotten()
    {
        var ops = Assert.IsType<KeyResult.Made>(await Keys.Create(Wanted("ops", Scope.Admin), "tester"));
        Assert.Contains("last key", Assert.IsType<KeyResult.Refused>(await Keys.Revoke("ops", "gone", "tester")).Reason, StringComparison.Ordinal);
        await Keys.Create(Wanted("second", Scope.Admin), "tester");
        Assert.IsType<KeyResult.Changed>(await Keys.Revoke(ops.Key.Prefix, "gone", "tester"));
        Assert.IsType<KeyResult.Missing>(await Keys.Revoke("ops", "gone", "tester"));
        Assert.Equal(2, (await Keys.All()).Count);
        Assert.Null(await Store.Read(Journal.Verify));
    }

    [Fact]
    public async Task A_key_that_was_put_into_the_store_by_hand_is_found_by_the_journal()
    {
        var made = Assert.IsType<KeyResult.Made>(await Keys.Create(Wanted("ops", Scope.Admin), "tester"));
        await Tell("""INSERT INTO "Keys" ("Prefix", "Record") SELECT 'bsk_000000000000', "Record" FROM "Keys" """);
        Assert.Contains("bsk_000000000000", await Store.Read(Journal.Verify), StringComparison.Ordinal);

        await Tell("""DELETE FROM "Keys" WHERE "Prefix" = 'bsk_000000000000'""");
        Assert.Null(await Store.Read(Journal.Verify));
        await Tell("""UPDATE "Keys" SET "Record" = replace("Record", 'ops', 'eve')""");
        Assert.Contains(made.Key.Prefix, await Store.Read(Journal.Verify), StringComparison.Ordinal);
        await Tell("""DELETE FROM "Keys" """);
        Assert.Contains("removed", await Store.Read(Journal.Verify), StringComparison.Ordinal);
    }

    private static NewKey Wanted(string name, params Scope[] scopes) => new(name, [.. scopes], ["*"], ExpiresAt: null);
}
