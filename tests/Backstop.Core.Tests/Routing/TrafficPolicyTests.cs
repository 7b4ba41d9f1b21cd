using System.Text.Json;
using Backstop.Core.Inputs;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Routing;

public sealed class TrafficPolicyTests
{
    private const string Everything =
        """
        {
          "timeouts": { "first_token_ms": 20000, "between_tokens_ms": 5000, "total_ms": 120000 },
          "limits": { "alias": { "requests_per_second": 50, "burst": 100, "concurrent": 64 }, "caller": { "requests_per_second": 0.5 } },
          "fallback": [ { "to": "previous" }, { "release": "v6" }, { "text": "Please try again in a minute." } ],
          "in_flight": "stop",
          "sticky": { "header": "x-conversation-id", "by": "user" },
          "variants": [ { "name": "short", "release": "v7-short", "basis_points": 1000 }, { "name": "long", "release": "v7-long", "basis_points": 1000 } ],
          "shadow": { "release": "v9", "basis_points": 500 },
          "testers_choose": true,
          "inputs": {
            "contain": "automatically",
            "prompts": { "known": [ "00000000000000ff" ], "otherwise": "refuse" },
            "features": { "defaults": { "age": 41.5 } },
            "retrieval": { "oldest_days": 2 }
          }
        }
        """;

    [Fact]
    public void A_policy_is_read_whole_and_stored_as_its_document()
    {
        var policy = TrafficPolicy.Parse(Everything);

        Assert.Equal(TimeSpan.FromSeconds(20), policy.Timeouts.FirstToken);
        Assert.Equal(new Limits(50, 100, 64), policy.Alias);
        Assert.Equal(new Limits(0.5), policy.Caller);
        Assert.Equal([new Fallback.ToPrevious(), new Fallback.ToRelease("v6"), new Fallback.ToText("Please try again in a minute.")], policy.Fallbacks);
        Assert.Equal(InFlight.Stop, policy.InFlight);
        Assert.Equal(new("x-conversation-id", ByUser: true), policy.Sticky);
        Assert.Equal(["v6", "v7-short", "v7-long", "v9"], policy.Releases());
        Assert.True(policy.TestersChoose);
        Assert.True(policy.Inputs is { ContainsByItself: true, OtherPrompts: UnknownPrompt.Refuse, OldestDays: 2 });
        Assert.Equal(41.5, policy.Inputs.Defaults["age"]);
        Assert.True(policy.Inputs.Knows("00000000000000ff") && !policy.Inputs.Knows("00000000000000fe"));
        Assert.Equal(policy, TrafficPolicy.Parse(policy.Json));
        Assert.Equal(policy, JsonSerializer.Deserialize<TrafficPolicy>(JsonSerializer.Serialize(policy)));
        Assert.NotEqual(policy, TrafficPolicy.Default);
    }

    [Theory]
    [InlineData("[]", "must be an object")]
    [InlineData("""{"inputs":{"prompts":{"otherwise":"pin"}}}""", "inputs.prompts: needs 'known'")]
    [InlineData("""{"inputs":{"features":{"defaults":{"age":"old"}}}}""", "inputs.features.defaults.age: must be a number")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"limits":{},"limits":{}}""", "not valid JSON")]
    [InlineData("""{"limit":{}}""", "Did you mean 'limits'?")]
    [InlineData("""{"limits":{"alias":{"concurrent":-1}}}""", "limits.alias.concurrent: must be from 0")]
    [InlineData("""{"limits":{"caller":{"burst":5}}}""", "no 'requests_per_second'")]
    [InlineData("""{"timeouts":{"total_ms":1}}""", "must be from 10")]
    [InlineData("""{"fallback":[{"text":"no"},{"to":"previous"}]}""", "Put the text last")]
    [InlineData("""{"fallback":[{"to":"previous","text":"both"}]}""", "fallback[0]: must be")]
    [InlineData("""{"fallback":[{"release":"a"},{"release":"b"},{"release":"c"},{"release":"d"},{"release":"e"}]}""", "does not wait")]
    [InlineData("""{"in_flight":"drop"}""", "in_flight: 'drop' is not known")]
    [InlineData("""{"sticky":{"header":"x y"}}""", "is not a header name")]
    [InlineData("""{"variants":[{"name":"b","basis_points":5}]}""", "needs 'release'")]
    [InlineData("""{"variants":[{"name":"b","release":"r","basis_points":6000},{"name":"c","release":"r","basis_points":6000}]}""", "more than 10000")]
    [InlineData("""{"variants":[{"name":"b","release":"r","basis_points":1},{"name":"b","release":"r","basis_points":1}]}""", "a name of its own")]
    [InlineData("""{"shadow":{"release":"r","basis_points":0}}""", "must be from 1")]
    public void What_could_not_work_is_refused_with_the_place_and_what_to_write(string json, string says)
    {
        var error = Assert.Throws<TrafficPolicyException>(() => TrafficPolicy.Parse(json));

        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gateway_holds_every_release_that_the_policy_names()
    {
        var route = new Route { Alias = "a:b", Epoch = 1, Generation = 1, Current = "v7", Previous = "v6", Salt = "s", Traffic = TrafficPolicy.Parse(Everything) };

        Assert.Equal(["v7", "v6", "v7-short", "v7-long", "v9"], route.Releases());
    }

    [Fact]
    public void A_mitigation_raises_the_generation_and_moves_nobody()
    {
        var alias = new AliasRecord { Name = "a:b", Current = "v7", Salt = "s" };
        var policy = TrafficPolicy.Parse("""{"limits":{"alias":{"requests_per_second":1}}}""");
        var change = new AliasChange.Shape(policy);
        var swapped = Assert.IsType<SwapResult.Swapped>(alias.Apply(change, expected: 1));

        Assert.False(change.RaisesExposure);
        Assert.Equal(alias with { Generation = 2, Traffic = policy }, swapped.Alias);
        Assert.Equal(policy, swapped.Alias.ToRoute().Traffic);
    }

    [Fact]
    public void A_quarantined_release_does_not_come_back_through_a_policy()
    {
        var alias = new AliasRecord { Name = "a:b", Current = "v7", Salt = "s", Quarantined = ["v9"] };

        Assert.IsType<SwapResult.Refused>(alias.Apply(new AliasChange.Shape(TrafficPolicy.Parse(Everything)), expected: 1));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Raising_the_share_of_a_named_arm_moves_units_to_it_from_the_baseline_alone(int raised)
    {
        var (before, after) = (Split(1000, 1000), raised == 0 ? Split(3000, 1000) : Split(1000, 3000));
        foreach (var unit in Enumerable.Range(0, 5000).Select(i => $"u{i}"))
        {
            var (was, now) = (before.Assign(unit, leaseIsLive: true), after.Assign(unit, leaseIsLive: true));
            Assert.True(was == now || (was is { Arm: Arm.Baseline, Variant: null } && now.Variant == (raised == 0 ? "a" : "b")), $"{unit}: {was} -> {now}");
        }
    }

    [Fact]
    public void Candidate_and_holdback_take_their_units_whatever_arms_are_named()
    {
        var plain = Split(0, 0) with { Traffic = TrafficPolicy.Default };
        var named = Split(5000, 5000);
        var counts = new int[2];
        foreach (var unit in Enumerable.Range(0, 20_000).Select(i => $"u{i}"))
        {
            var (one, other) = (plain.Assign(unit, leaseIsLive: true), named.Assign(unit, leaseIsLive: true));
            Assert.Equal(one.Arm, other.Arm);
            counts[0] += other is { Variant: "a" } ? 1 : 0;
            counts[1] += other is { Variant: "b" } ? 1 : 0;
        }

        Assert.All(counts, count => Assert.InRange(count, 6600, 7400)); // A half each of the 70 % that is neither.
        Assert.Equal(0, named.BaselineBasisPoints);
    }

    private static Route Split(int a, int b) => new()
    {
        Alias = "a:b", Epoch = 1, Generation = 1, Current = "v7", Candidate = "v8", CandidateBasisPoints = 1000, Previous = "v6", HoldbackBasisPoints = 2000, Salt = "s",
        Traffic = a + b == 0
            ? TrafficPolicy.Default
            : TrafficPolicy.Parse($$"""{"variants":[{"name":"a","release":"ra","basis_points":{{a}}},{"name":"b","release":"rb","basis_points":{{b}}}]}"""),
    };
}
