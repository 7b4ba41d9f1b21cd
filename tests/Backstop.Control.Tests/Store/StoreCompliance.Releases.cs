using Backstop.Control.Registry;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Control.Tests.Store;

public abstract partial class StoreCompliance
{
    [Fact]
    public async Task Pages_of_releases_have_each_release_once_though_many_were_registered_at_the_same_time()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        var releases = new ReleaseStore(Store, clock);
        string[] names = ["b", "B", "a-1", "a", "_", "Z"];
        foreach (var name in names)
        {
            await Register(releases, name);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        await Register(releases, "A-later");

        var pages = new List<string>();
        for (string? after = null; await releases.Page(after, 2) is { Count: > 0 } page; after = page[^1].Name)
        {
            pages.AddRange(page.Select(r => r.Name));
        }

        Assert.Equal([.. names.Order(StringComparer.Ordinal), "A-later"], pages);
        Assert.Null(await releases.Page("unknown", 2));
    }

    [Fact]
    public async Task Components_that_are_registered_at_once_get_one_version_each_without_a_gap()
    {
        var versions = await AtOnce(24, async (plane, i) =>
        {
            var (component, _) = await new ComponentStore(plane, TimeProvider.System).Register("prompt", "support", $$"""{"system":"{{i % 12}}"}""", lineage: null, "tester");
            return (Content: i % 12, component.Component.Ref.Version);
        });
        Assert.Equal(12, versions.Distinct().Count());
        Assert.Equal(Enumerable.Range(1, 12), versions.Select(v => v.Version).Distinct().Order());
        Assert.Null(await Store.Read(Journal.Verify));

        var components = new ComponentStore(Store, TimeProvider.System);
        await components.Register("prompt", "Support", """{"system":"x"}""", """{"commit":"3f2a"}""", "tester");
        await components.Register("model", "z", "{}", lineage: null, "tester");
        Assert.Equal("""{"commit":"3f2a"}""", (await components.Find("prompt", "Support", 0))!.Lineage);
        var paged = new List<ListedComponent>();
        for (ComponentRef? after = null; await components.Page(null, null, after, 5) is { Count: > 0 } page; after = new(page[^1].Kind, page[^1].Name, page[^1].Version))
        {
            paged.AddRange(page);
        }

        Assert.Equal(["z@1", "Support@1", .. Enumerable.Range(1, 12).Select(v => $"support@{v}")], paged.Select(c => $"{c.Name}@{c.Version}"));
    }

    [Fact]
    public async Task That_a_release_rests_is_written_down_only_while_nothing_needs_it_whoever_moves_at_that_moment()
    {
        var aliases = new AliasStore(Store, TimeProvider.System);
        var alias = new AliasRecord { Name = "a", Epoch = 1, Generation = 1, Current = "sha256:new", Previous = "sha256:old", Salt = "s" };
        await aliases.Create(alias, new("alias_created", "tester", "test"));
        Assert.False(await aliases.Rest("sha256:old", new("release_rested", "tester", "test")));
        Assert.True(await aliases.Rest("sha256:older", new("release_rested", "tester", "test")));

        // All planes put it to rest while one alias after the other takes it: no entry of the journal comes after the first one that needs it.
        await AtOnce(12, async (plane, i) => i % 3 == 0
            ? await new AliasStore(plane, TimeProvider.System).Create(alias with { Name = $"b{i}", Current = "sha256:older" }, new("alias_created", "tester", "test")) is CommitResult.Committed
            : await new AliasStore(plane, TimeProvider.System).Rest("sha256:older", new("release_rested", "tester", "test")));
        var kinds = await Store.Read(context => context.Journal.OrderBy(e => e.Sequence).Select(e => e.Kind).ToListAsync());
        Assert.True(kinds.LastIndexOf("release_rested") < kinds.IndexOf("alias_created", 1), string.Join(' ', kinds));
        Assert.Null(await Store.Read(Journal.Verify));
    }

    private static async Task Register(ReleaseStore releases, string name)
    {
        var manifest = """{ "serving": { "model": "m", "replicas": ["http://127.0.0.1:1"] } }""";
        await releases.Register(((ReleaseResult.Parsed)Release.Parse(name, manifest)).Release, "tester");
    }
}
