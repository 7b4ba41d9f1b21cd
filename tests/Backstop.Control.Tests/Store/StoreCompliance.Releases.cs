using Backstop.Control.Registry;
using Backstop.Core.Registry;
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

    private static async Task Register(ReleaseStore releases, string name)
    {
        var manifest = """{ "serving": { "model": "m", "replicas": ["http://127.0.0.1:1"] } }""";
        await releases.Register(((ReleaseResult.Parsed)Release.Parse(name, manifest)).Release, "tester");
    }
}
