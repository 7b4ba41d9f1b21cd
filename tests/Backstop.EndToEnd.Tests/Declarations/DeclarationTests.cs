using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Declarations;

namespace Backstop.EndToEnd.Tests.Declarations;

/// <summary>What files may say, and what applying them would do, without a server.</summary>
public sealed class DeclarationTests
{
    private const string Policy =
        """
        apiVersion: backstop/v1
        kind: GuardPolicy
        name: strict
        policy: { stages: { output: { checks: [ { use: toxicity, action: block } ] } } }
        """;

    private const string V7 =
        """
        apiVersion: backstop/v1
        kind: Release
        name: v7
        manifest:
          guard_policy: strict
          serving: { model: m, replicas: [http://127.0.0.1:9] }
        """;

    private const string Prod =
        """
        apiVersion: backstop/v1
        kind: Alias
        name: assistant:prod
        release: v7
        plan: careful
        """;

    private const string Careful =
        """
        apiVersion: backstop/v1
        kind: RolloutPlan
        name: careful
        plan: { steps: [ { basis_points: 500, dwell_ms: 600000, min_units: 1000 } ], holdback_basis_points: 500 }
        """;

    [Fact]
    public void A_policy_that_several_releases_share_stands_in_each_of_them()
    {
        var set = Set(Policy, V7);
        Assert.Contains("toxicity", set.Releases[0].Release.GuardPolicy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("apiVersion: backstop/v2\nkind: Release", "backstop/v1")]
    [InlineData("apiVersion: backstop/v1\nkind: Relase\nname: x", "Did you mean 'Release'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelase: v7", "Did you mean 'release'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelease: v7\nlabel_deadline_ms: soon", "label_deadline_ms")]
    [InlineData("apiVersion: backstop/v1\nkind: RolloutPlan\nname: p\nplan: { steps: [], bake: 5 }", "bake")]
    [InlineData("apiVersion: backstop/v1\nkind: RolloutPlan\nname: p\nplan: { holdback_basis_points: 5 }", "'steps' is missing")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelease: v7\nplan: carful", "'carful' is not declared")]
    [InlineData("apiVersion: backstop/v1\nkind: Release\nname: v9\nmanifest: { guard_policy: none, serving: { model: m, replicas: [http://h] } }", "GuardPolicy 'none'")]
    [InlineData("apiVersion: backstop/v1\nkind: Release\nname: v9\nmanifest: { serving: { model: m, replica: [http://h] } }", "Did you mean 'replicas'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Release\nname: v9\nmanifest: { guard_policy: { stages: { output: { checks: [ { use: toxicty } ] } } }, serving: { model: m, replicas: [http://h] } }", "toxicity")]
    [InlineData("apiVersion: backstop/v1\nkind: RolloutPlan\nname: p\nplan: { steps: [ { basis_point: 5 } ] }", "Did you mean 'basis_points'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Monitor\nname: a:b\nalpah: 0.1", "Did you mean 'alpha'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Monitor\nname: a:b\nmargins: { toxic_block: 0.1 }", "Did you mean 'toxic_blocked'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Monitor\nname: ab", "not an alias")]
    [InlineData("apiVersion: backstop/v1\nkind: Gate\nname: g\nalias: a:b\nowners: me", "Did you mean 'owner'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Gate\nname: g\nalias: a:b", "'owner' is missing")]
    [InlineData("apiVersion: backstop/v1\nkind: Gate\nname: g\nalias: a:b\nowner: me\ncases: [ { promt: x } ]\nfail_if_more_than: 0\ngood_fail_rate: 0\nbad_fail_rate: 1\nreview_by: 2027-01-01", "Did you mean 'prompt'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Gate\nname: g\nalias: a:b\nowner: me\ncases: [ { id: x } ]\nfail_if_more_than: 0\ngood_fail_rate: 0\nbad_fail_rate: 1\nreview_by: 2027-01-01", "either 'prompt' or 'messages'")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelease: v7\nrequired_gates: sums", "must be a list")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelease: v7\nrequired_gates: [ { gate: sums, within_hour: 3 } ]", "Did you mean 'within_hours'?")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelease: v7\nrequired_gates: [ { gate: sums, within_hours: 0 } ]", "'within_hours' is 0")]
    [InlineData("apiVersion: backstop/v1\nkind: Alias\nname: a:b\nrelease: v7\nrequired_gates: [ sums, { gate: sums } ]", "required twice")]
    [InlineData("- a\n- b", "one mapping")]
    [InlineData("? [a]\n: b", "a key must be text")]
    [InlineData("a: ]", "line 1")]
    public void What_makes_no_sense_is_refused_with_its_place_and_the_way_out(string yaml, string says)
    {
        var refusal = Assert.Throws<FormatException>(() => Set(yaml));
        Assert.Contains("test.yaml", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_name_twice_is_refused_with_both_places()
    {
        var refusal = Assert.Throws<FormatException>(() => Set(V7 + "\n---\n" + V7, Policy));
        Assert.Contains("line 1 and test.yaml, line 8", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void On_an_empty_server_everything_is_created()
    {
        var steps = ApplyPlan.Of(Set(Policy, V7, Careful, Prod), Nothing);
        Assert.Equal([("v7", ApplyAction.Create), ("assistant:prod", ApplyAction.Create)], steps.Select(s => (s.Name, s.Action)));
    }

    [Fact]
    public void What_is_as_declared_is_left_alone()
    {
        var set = Set(Policy, V7, Careful, Prod);
        Assert.All(ApplyPlan.Of(set, Server(set, Serving("v7", set))), s => Assert.Equal(ApplyAction.Keep, s.Action));
    }

    [Fact]
    public void Another_manifest_under_a_known_name_is_refused_and_says_what_differs()
    {
        var there = Set(Policy, V7);
        var step = Assert.Single(ApplyPlan.Of(Set(Policy, V7.Replace("model: m", "model: n", StringComparison.Ordinal)), Server(there)));
        Assert.Equal(ApplyAction.Refuse, step.Action);
        Assert.Equal("/serving/model", Assert.Single(step.Differences!).Path);
    }

    [Fact]
    public void Another_release_is_rolled_out_by_the_plan_and_shows_what_changes()
    {
        var v8 = V7.Replace("name: v7", "name: v8", StringComparison.Ordinal).Replace("model: m", "model: n", StringComparison.Ordinal);
        var set = Set(Policy, V7, Careful, v8, Prod.Replace("release: v7", "release: v8", StringComparison.Ordinal));
        var step = ApplyPlan.Of(set, Server(set, Serving("v7", set)))[^1];
        Assert.Equal(ApplyAction.Change, step.Action);
        Assert.Contains("careful", step.Text, StringComparison.Ordinal);
        Assert.Equal("/serving/model", Assert.Single(step.Differences!).Path);
    }

    [Fact]
    public void A_file_does_not_bring_back_what_was_rolled_back()
    {
        var v8 = V7.Replace("name: v7", "name: v8", StringComparison.Ordinal).Replace("model: m", "model: n", StringComparison.Ordinal);
        var set = Set(Policy, V7, v8, Careful, Prod.Replace("release: v7", "release: v8", StringComparison.Ordinal));
        var rolledBack = Serving("v7", set) with { Quarantined = [Named("v8", set)] };
        var step = ApplyPlan.Of(set, Server(set, rolledBack))[^1];
        Assert.Equal(ApplyAction.Refuse, step.Action);
        Assert.Contains("backstop alias approve assistant:prod v8", step.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollout_under_way_is_joined_when_it_goes_there_and_else_refused()
    {
        var v8 = V7.Replace("name: v7", "name: v8", StringComparison.Ordinal).Replace("model: m", "model: n", StringComparison.Ordinal);
        var set = Set(Policy, V7, v8, Careful, Prod.Replace("release: v7", "release: v8", StringComparison.Ordinal));
        var towards = new RolloutView("r1", "assistant:prod", "canary") { Candidate = Named("v8", set) };
        Assert.Equal(ApplyAction.Keep, ApplyPlan.Of(set, Server(set, Serving("v7", set) with { Rollout = towards }))[^1].Action);
        var elsewhere = towards with { Candidate = new("v9", "sha256:9") };
        Assert.Contains("abort r1", ApplyPlan.Of(set, Server(set, Serving("v7", set) with { Rollout = elsewhere }))[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_monitor_and_a_gate_stand_before_the_rollout_that_is_held_against_them_and_show_what_changes()
    {
        var monitor = "apiVersion: backstop/v1\nkind: Monitor\nname: assistant:prod\nalpha: 0.001\nmargins: { toxic_blocked: 0.005 }";
        var gate = "apiVersion: backstop/v1\nkind: Gate\nname: refunds\nalias: assistant:prod\nowner: me\ncases: [ { prompt: x } ]\nfail_if_more_than: 0\ngood_fail_rate: 0\nbad_fail_rate: 0.9\nreview_by: 2027-01-01";
        var v8 = V7.Replace("name: v7", "name: v8", StringComparison.Ordinal).Replace("model: m", "model: n", StringComparison.Ordinal);
        var set = Set(Policy, V7, v8, Careful, monitor, gate, Prod.Replace("release: v7", "release: v8", StringComparison.Ordinal));
        Assert.Equal(["Release", "Release", "Monitor", "Gate", "Alias"], ApplyPlan.Of(set, Server(set, Serving("v7", set))).Select(s => s.Kind));

        var there = set.Monitors[0].Plan with { Alpha = 0.01 };
        var alias = Serving("v8", set) with { Monitor = JsonSerializer.SerializeToElement(there.Effective()) };
        var known = new GateView("refunds", "assistant:prod")
        {
            State = "shadow", Owner = "me", SamplesPerCase = 1, FailIfMoreThan = 0, GoodFailRate = new(0), BadFailRate = new(0.9),
            ReviewBy = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), CasesDigest = set.Gates[0].Settings.CasesDigest(),
        };
        var steps = ApplyPlan.Of(set, Server(set, alias) with { Gates = new Dictionary<string, GateView> { ["refunds"] = known } });
        Assert.Equal(new("monitor", "/alpha", "0.01", "0.001"), Assert.Single(steps.Single(s => s.Kind == "Monitor").Differences!));
        Assert.Equal(new("gate", "/state", "\"shadow\"", "\"enforcing\""), Assert.Single(steps.Single(s => s.Kind == "Gate").Differences!));

        var learnt = known with { IncidentId = "INC-1" };
        steps = ApplyPlan.Of(set, Server(set, alias) with { Gates = new Dictionary<string, GateView> { ["refunds"] = learnt } });
        Assert.Contains("came from INC-1", steps.Single(s => s.Action == ApplyAction.Refuse).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_alias_requires_stands_before_its_rollout_and_is_left_alone_where_it_is_not_declared()
    {
        var v8 = V7.Replace("name: v7", "name: v8", StringComparison.Ordinal).Replace("model: m", "model: n", StringComparison.Ordinal);
        var prod = Prod.Replace("release: v7", "release: v8", StringComparison.Ordinal);
        var set = Set(Policy, V7, v8, Careful, prod + "\nrequired_gates: [ sums, { gate: refunds, within_hours: 72 } ]");
        var alias = Serving("v7", set) with { RequiredGates = [new("refunds", null, 24), new("old", null, 168)] };
        var steps = ApplyPlan.Of(set, Server(set, alias));
        Assert.Equal(["Release", "Release", "RequiredGates", "Alias"], steps.Select(s => s.Kind));
        Assert.Equal(
            [("/required_gates/old", "within 168 h", null), ("/required_gates/refunds", "within 24 h", "within 72 h"), ("/required_gates/sums", null, "within 168 h")],
            steps[2].Differences!.Select(d => (d.Path, d.Before, d.After)).Order());

        Assert.Equal(
            ApplyAction.Keep,
            ApplyPlan.Of(set, Server(set, alias with { RequiredGates = [new("refunds", null, 72), new("sums", null, 168)] })).Single(s => s.Kind == "RequiredGates").Action);
        Assert.DoesNotContain(ApplyPlan.Of(Set(Policy, V7, v8, Careful, prod), Server(set, alias)), s => s.Kind == "RequiredGates");
    }

    private static Registered Nothing => new(new Dictionary<string, ReleaseView>(), new Dictionary<string, AliasView>());

    private static DeclarationSet Set(params string[] documents) => DeclarationSet.Of([.. DeclarationReader.Read("test.yaml", string.Join("\n---\n", documents))]);

    private static Named Named(string release, DeclarationSet set) => new(release, set.Releases.Single(r => r.Declared.Name == release).Release.Digest);

    private static AliasView Serving(string release, DeclarationSet set) => new("assistant:prod", 1, 3, Named(release, set));

    private static Registered Server(DeclarationSet set, params AliasView[] aliases) => new(
        set.Releases.ToDictionary(
            r => r.Declared.Name,
            r => new ReleaseView(r.Declared.Name, r.Release.Digest, DateTimeOffset.UnixEpoch, JsonSerializer.SerializeToElement(JsonNode.Parse(r.Release.Manifest)))),
        aliases.ToDictionary(a => a.Name));
}
