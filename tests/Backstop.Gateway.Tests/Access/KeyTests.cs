using System.Net;
using Backstop.Core.Access;
using Backstop.Gateway.Tests.Harness;
using Backstop.Protocol;

namespace Backstop.Gateway.Tests.Access;

public sealed class KeyTests
{
    private static readonly (string Text, AccessKey Message) Mine = Key(1, "assistant:*");
    private static readonly (string Text, AccessKey Message) Theirs = Key(2, "ranker:*");

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/completions")]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1/feedback")]
    [InlineData("/v1/guard")]
    [InlineData("/v1/moderations")]
    [InlineData("/v1/guard/portkey")]
    [InlineData("/beta/litellm_basic_guardrail_api")]
    [InlineData("/v2/models/assistant:prod/infer")]
    public async Task Without_a_key_nothing_is_answered_where_one_is_needed(string path)
    {
        await using var fleet = await Closed(Mine);
        var reply = await fleet.Gateway.Post("not even JSON", path);
        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        Assert.Equal("missing_key", reply.Headers["x-backstop-error"]);
        Assert.Empty(fleet.Seven.Asked);
    }

    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/v1/models/assistant:prod")]
    [InlineData("/v1/guard/policies")]
    [InlineData("/v2/models/assistant:prod")]
    [InlineData("/v2/models/assistant:prod/ready")]
    public async Task Without_a_key_nothing_is_shown_where_one_is_needed(string path)
    {
        await using var fleet = await Closed(Mine);
        using var response = await fleet.Gateway.Http.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task A_key_opens_its_aliases_and_no_others()
    {
        await using var fleet = await Closed(Mine, Theirs);
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.With(Mine.Text).Chat("Hello")).Status);

        var refused = await fleet.Gateway.With(Theirs.Text).Chat("Hello");
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Equal("alias_forbidden", refused.Headers["x-backstop-error"]);
        Assert.DoesNotContain(SmallFleet.Alias, await fleet.Gateway.Http.GetStringAsync("/v1/models", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Single(fleet.Seven.Asked);
    }

    [Fact]
    public async Task Feedback_counts_only_from_who_may_call_the_alias()
    {
        await using var fleet = await Closed(Mine, Theirs);
        await fleet.Gateway.With(Mine.Text).Chat("Hello", id: "one");
        Assert.Equal(HttpStatusCode.NotFound, (await fleet.Gateway.With(Theirs.Text).Feedback("one", correct: false)).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await fleet.Gateway.With(Mine.Text).Feedback("one", correct: true)).Status);
    }

    [Fact]
    public async Task A_key_that_control_takes_away_is_refused_from_then_on()
    {
        await using var fleet = await Closed(Mine, Theirs);
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.With(Mine.Text).Chat("Hello")).Status);
        fleet.Control.Tell(Update(Theirs));
        await Eventually.Is(() => fleet.Gateway.Log.Lines, lines => lines.Count(l => l.Id == 1011) == 2);
        Assert.Equal(HttpStatusCode.Unauthorized, (await fleet.Gateway.Chat("Hello")).Status);
    }

    [Fact]
    public async Task A_gateway_that_starts_without_control_lets_in_whom_it_knew()
    {
        await using var fleet = await Closed(Mine);
        await fleet.Gateway.Stop();
        var file = Path.Combine(fleet.Gateway.Data, "keys.json");
        Assert.DoesNotContain(Mine.Text[20..40], await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        await using (var again = await RunningGateway.Start(new("http://127.0.0.1:1"), data: fleet.Gateway.Data))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await again.Chat("Hello")).Status);
            Assert.Equal(HttpStatusCode.OK, (await again.With(Mine.Text).Chat("Hello")).Status);
        }

        // A file that was damaged must not open what it closed.
        await File.AppendAllTextAsync(file, "x", TestContext.Current.CancellationToken);
        await using var damaged = await RunningGateway.Start(new("http://127.0.0.1:1"), data: fleet.Gateway.Data);
        Assert.Equal(HttpStatusCode.Unauthorized, (await damaged.With(Mine.Text).Chat("Hello")).Status);
        Assert.Contains(damaged.Log.Lines, l => l.Id == 1012);
    }

    [Fact]
    public async Task Where_other_machines_can_call_a_key_is_needed_though_control_has_none()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.RequireKeys = true);
        Assert.Equal(HttpStatusCode.Unauthorized, (await fleet.Gateway.Chat("Hello")).Status);
    }

    [Fact]
    public async Task Where_no_key_is_needed_the_one_that_a_client_cannot_do_without_is_ignored()
    {
        await using var fleet = await SmallFleet.Start();
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.With("sk-unused").Chat("Hello")).Status);
    }

    [Fact]
    public async Task No_key_is_logged_or_sent_on()
    {
        await using var fleet = await Closed(Mine);
        await fleet.Gateway.With(Mine.Text).Chat("Hello");
        await fleet.Gateway.With(Mine.Text[..^1] + "x").Chat("Hello");
        Assert.NotEmpty(fleet.Gateway.Log.Lines);
        Assert.DoesNotContain(fleet.Gateway.Log.Lines, line => line.Text.Contains(Mine.Text[20..60], StringComparison.Ordinal));
        Assert.Equal([""], fleet.Seven.Keys);
    }

    [Fact]
    public async Task A_key_that_takes_the_place_of_another_under_its_name_shares_its_limit()
    {
        var (before, after, other) = (Key(1, "assistant:*"), Key(2, "assistant:*"), Key(3, "assistant:*"));
        after.Message.Name = before.Message.Name;
        await using var fleet = await Closed(before, after, other);
        var release = SmallFleet.Released("v7", fleet.Seven);
        await fleet.Control.PublishAndAwait(
            SmallFleet.Plain(release, generation: 2) with { Traffic = Core.Routing.TrafficPolicy.Parse("""{"limits":{"caller":{"requests_per_second":0.001}}}""") });

        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.With(before.Text).Chat("Hello?")).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await fleet.Gateway.With(after.Text).Chat("Hello?")).Status);
        Assert.Equal(HttpStatusCode.OK, (await fleet.Gateway.With(other.Text).Chat("Hello?")).Status);
    }

    [Fact]
    public async Task Only_a_key_that_may_look_at_releases_chooses_among_them()
    {
        var tester = Key(4, "assistant:*");
        tester.Message.MayRead = true;
        await using var fleet = await Closed(Mine, tester);
        var release = SmallFleet.Released("v7", fleet.Seven);
        await fleet.Control.PublishAndAwait(
            SmallFleet.Plain(release, generation: 2) with { Traffic = Core.Routing.TrafficPolicy.Parse("""{"testers_choose":true}""") });

        Assert.Equal("v7", (await fleet.Gateway.With(tester.Text).ChatWith("Hello?", ("x-backstop-release", "v7"))).Headers["x-backstop-release"]);
        (await fleet.Gateway.With(Mine.Text).ChatWith("Hello?", ("x-backstop-release", "v7"))).IsError(HttpStatusCode.Forbidden, "release_not_selectable");
    }

    private static async Task<SmallFleet> Closed(params (string Text, AccessKey Message)[] keys)
    {
        var fleet = await SmallFleet.Start();
        fleet.Control.Tell(Update(keys));
        await Eventually.Is(() => fleet.Gateway.Log.Lines, lines => lines.Any(l => l.Id == 1011));
        return fleet;
    }

    private static AccessUpdate Update(params (string Text, AccessKey Message)[] keys) => new() { Required = true, Keys = { keys.Select(k => k.Message) } };

    private static (string Text, AccessKey Message) Key(byte seed, string alias)
    {
        var text = ApiKey.From([.. Enumerable.Range(0, ApiKey.RandomBytes).Select(i => (byte)(i * seed))]);
        var secret = SecretHash.Of(text, [seed, 1, 2, 3], rounds: 10);
        return (text, new()
        {
            Prefix = ApiKey.PrefixOf(text).ToString(), Name = $"key-{seed}", Aliases = { alias },
            Salt = secret.Salt, Rounds = secret.Rounds, Hash = secret.Hash, Check = secret.Check,
        });
    }
}
