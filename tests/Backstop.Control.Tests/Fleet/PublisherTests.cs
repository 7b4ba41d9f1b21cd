using Backstop.Control.Fleet;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Control.Tests.Fleet;

public sealed class PublisherTests
{
    [Fact]
    public async Task What_a_rollback_returns_to_is_published_though_the_store_died_after_the_commit()
    {
        var data = Directory.CreateTempSubdirectory("backstop-publisher-");
        var store = DurableStore.At(new StoreAddress.Sqlite(data.FullName));
        await store.Open(TestContext.Current.CancellationToken);
        var releases = new ReleaseStore(store, TimeProvider.System);
        var (good, bad) = (await Register("good"), await Register("bad"));
        var hub = new FleetHub(TimeProvider.System, NullLogger<FleetHub>.Instance);
        var publisher = new Publisher(hub, releases);
        var exposed = new AliasRecord { Name = "assistant:prod", Current = good, Candidate = bad, CandidateBasisPoints = 5000, Salt = "s" };
        await publisher.Publish(exposed);
        store.Dispose();
        data.Delete(recursive: true);

        await publisher.Publish(((SwapResult.Swapped)exposed.Apply(new AliasChange.Withdraw(Quarantine: true), exposed.Generation)).Alias);
        Assert.True(hub.Has("assistant:prod", 1, 2));
        Assert.Equal(["good"], hub.Releases("assistant:prod").Select(r => r.Name));

        async Task<string> Register(string name)
        {
            var manifest = $$"""{ "serving": { "protocol": "openai", "model": "{{name}}", "replicas": ["http://127.0.0.1:1"] } }""";
            var release = ((ReleaseResult.Parsed)Release.Parse(name, manifest)).Release;
            await releases.Register(release, "test");
            return release.Digest;
        }
    }
}
