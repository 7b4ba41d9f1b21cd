using Backstop.Core.Routing;
using CsCheck;

namespace Backstop.Core.Tests.Routing;

public sealed class RouteTests
{
    private static readonly Route Base = new()
    {
        Alias = "assistant:prod", Epoch = 1, Generation = 1, Current = "v7", Candidate = "v8", Previous = "v6", Salt = "s",
    };

    [Fact]
    public void Raising_the_candidates_share_only_moves_units_to_the_candidate() =>
        Gen.Select(Gen.String[1, 20], Gen.Int[0, 10_000], Gen.Int[0, 10_000]).Sample((unit, one, other) =>
        {
            var before = Base with { CandidateBasisPoints = Math.Min(one, other) };
            var after = Base with { CandidateBasisPoints = Math.Max(one, other) };
            var (was, isNow) = (before.Assign(unit, leaseIsLive: true), after.Assign(unit, leaseIsLive: true));
            Assert.True(was == isNow || isNow.Arm == Arm.Candidate);
        });

    [Fact]
    public void Raising_the_holdback_only_moves_units_to_the_holdback() =>
        Gen.Select(Gen.String[1, 20], Gen.Int[0, 10_000], Gen.Int[0, 10_000]).Sample((unit, one, other) =>
        {
            var route = Base with { Candidate = null };
            var was = (route with { HoldbackBasisPoints = Math.Min(one, other) }).Assign(unit, leaseIsLive: true);
            var isNow = (route with { HoldbackBasisPoints = Math.Max(one, other) }).Assign(unit, leaseIsLive: true);
            Assert.True(was == isNow || isNow.Arm == Arm.Holdback);
        });

    [Fact]
    public void Without_a_live_lease_nobody_is_sent_to_the_candidate() => Gen.String.Sample(unit =>
        Assert.NotEqual(Arm.Candidate, (Base with { CandidateBasisPoints = 10_000 }).Assign(unit, leaseIsLive: false).Arm));

    [Fact]
    public void A_share_is_what_it_says()
    {
        // 100,000 units at 5 %: four standard deviations are 276.
        var route = Base with { CandidateBasisPoints = 500 };
        var candidates = Enumerable.Range(0, 100_000).Count(i => route.Assign($"user-{i}", leaseIsLive: true).Arm == Arm.Candidate);
        Assert.InRange(candidates, 5000 - 276, 5000 + 276);
    }

    [Fact]
    public void Another_salt_assigns_independently()
    {
        var (one, two) = (Base with { CandidateBasisPoints = 5000 }, Base with { CandidateBasisPoints = 5000, Salt = "t" });
        var agree = Enumerable.Range(0, 100_000).Count(i => one.Assign($"user-{i}", true).Arm == two.Assign($"user-{i}", true).Arm);
        Assert.InRange(agree, 50_000 - 633, 50_000 + 633);
    }

    [Fact]
    public void A_table_never_goes_back() => Gen.Select(Gen.Int[1, 3], Gen.Int[1, 5]).Array[1, 30].Sample(pushes =>
    {
        var table = RouteTable.Empty;
        var release = Assert.IsType<Core.Registry.ReleaseResult.Parsed>(
            Core.Registry.Release.Parse("v7", """{"serving":{"model":"m","replicas":["http://127.0.0.1:9"]}}""")).Release;
        var highest = (0L, 0L);
        foreach (var (epoch, generation) in pushes)
        {
            var route = Base with { Epoch = epoch, Generation = generation, Current = release.Digest, Candidate = null, Previous = null };
            if (table.Apply(route, [release]) is ApplyResult.Applied applied)
            {
                Assert.True((route.Epoch, route.Generation).CompareTo(highest) > 0);
                highest = (route.Epoch, route.Generation);
                table = applied.Table;
            }
        }

        Assert.Equal(pushes.Max(p => ((long)p.Item1, (long)p.Item2)), highest);
    });

    [Fact]
    public void Routes_that_come_together_do_what_they_do_one_by_one() => Gen.Select(Gen.Int[0, 3], Gen.Int[1, 4], Gen.Bool).Array[1, 20].Sample(pushes =>
    {
        var (one, other) = (ReleaseCalled("v7", 7), ReleaseCalled("v8", 8));
        List<RouteChange> changes =
        [
            .. pushes.Select(p => new RouteChange(
                Base with { Alias = $"a{p.Item1}", Generation = p.Item2, Current = (p.Item3 ? one : other).Digest, Candidate = null, Previous = null }, [one])),
        ];
        var alone = RouteTable.Empty;
        List<Type> results = [];
        foreach (var (route, releases) in changes)
        {
            var result = alone.Apply(route, releases);
            results.Add(result.GetType());
            alone = result is ApplyResult.Applied applied ? applied.Table : alone;
        }

        var (together, all) = RouteTable.Empty.Apply(changes);
        Assert.Equal(results, all.Select(result => result.GetType()));
        Assert.Equal(alone.Routes.OrderBy(r => r.Key, StringComparer.Ordinal), together.Routes.OrderBy(r => r.Key, StringComparer.Ordinal));
        Assert.Equal(alone.Releases.Keys.Order(StringComparer.Ordinal), together.Releases.Keys.Order(StringComparer.Ordinal));
    });

    private static Core.Registry.Release ReleaseCalled(string name, int port) => Assert.IsType<Core.Registry.ReleaseResult.Parsed>(
        Core.Registry.Release.Parse(name, $$$"""{"serving":{"model":"m","replicas":["http://127.0.0.1:{{{port}}}"]}}""")).Release;
}
