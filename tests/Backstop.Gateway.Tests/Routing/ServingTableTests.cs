using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Routing;
using Microsoft.Extensions.Time.Testing;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>What a gateway serves, looked up by name, and what of it lives on when routes change.</summary>
public sealed class ServingTableTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4_096)]
    [InlineData(5_000)]
    public void Each_alias_is_found_by_its_name_and_nothing_by_another(int aliases)
    {
        var release = Named("v1");
        var table = ServingTable.Of(TableOf([.. Enumerable.Range(0, aliases).Select(i => (NameOf(i), release))]), previous: null, _time);

        for (var i = 0; i < aliases; i++)
        {
            Assert.True(table.TryFind(NameOf(i), out var alias));
            Assert.Equal(NameOf(i), alias.Route.Alias);
            Assert.False(table.TryFind(NameOf(aliases + i), out _));
        }

        Assert.False(table.TryFind("", out _));
        Assert.Throws<KeyNotFoundException>(() => table.Lease(NameOf(aliases)));
    }

    [Fact]
    public void What_did_not_change_lives_on_and_what_did_keeps_what_is_known_of_its_alias()
    {
        var (old, other) = (Named("v1"), Named("v2"));
        var routes = TableOf([("a:prod", old), ("b:prod", old)]);
        var before = ServingTable.Of(routes, previous: null, _time);
        var (changed, _) = routes.Apply([new(RouteTo(other, "b:prod", generation: 2), [other])]);
        var after = ServingTable.Of(changed, before, _time);

        Assert.Same(Find(before, "a:prod"), Find(after, "a:prod"));
        Assert.NotSame(Find(before, "b:prod"), Find(after, "b:prod"));
        Assert.Same(Find(before, "b:prod").State, Find(after, "b:prod").State);
        Assert.Same(before.Pool(old.Digest), after.Pool(old.Digest));
        Assert.Same(after.Pool(other.Digest), Find(after, "b:prod").Pool(other.Digest));
        Assert.Throws<KeyNotFoundException>(() => Find(after, "b:prod").Pool(old.Digest));
    }

    private static string NameOf(int number) => $"assistant-{number}:prod";

    private static ServedAlias Find(ServingTable table, string alias) => table.TryFind(alias, out var found) ? found : throw new KeyNotFoundException(alias);

    private static Release Named(string name) =>
        ((ReleaseResult.Parsed)Release.Parse(name, $$$"""{"serving":{"model":"{{{name}}}","replicas":["http://127.0.0.1:1"]}}""")).Release;

    private static Route RouteTo(Release release, string alias, long generation = 1) =>
        new() { Alias = alias, Epoch = 1, Generation = generation, Current = release.Digest, Salt = "salt" };

    private static RouteTable TableOf(IReadOnlyCollection<(string Alias, Release Release)> aliases) =>
        RouteTable.Empty.Apply([.. aliases.Select(one => new RouteChange(RouteTo(one.Release, one.Alias), [one.Release]))]).Table;
}
