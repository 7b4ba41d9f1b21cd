using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>What stays warm beside current and previous is declared, by release and by region.</summary>
public sealed class KeptWarmTests
{
    private const string Alias = "assistant:prod";

    [Fact]
    public async Task A_release_that_is_kept_is_asked_where_it_is_kept_and_shows_itself()
    {
        await using var model = await ModelServer.Start();
        await using var six = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        await server.Register("v6", six.Address, "six");
        await server.Post("releases", new { name = "v5", manifest = new { serving = new { model = "five", replicas = new[] { six.Address.ToString(), "http://127.0.0.1:9" } } } });
        await server.Post(
            $"aliases/{Alias}/warm-set", new { keep = new object[] { new { release = "v6" }, new { release = "v5", at = new[] { "http://127.0.0.1:9*" } } }, reason = "conservative" });
        var kept = (await Eventually.Is(() => server.Get($"aliases/{Alias}"), a => a["kept_warm"]!.AsArray().All(k => k!["asked_at"] is not null)))["kept_warm"]!.AsArray();
        Assert.Equal(["v6", "v5"], kept.Select(k => (string)k!["release"]!));
        Assert.Equal((null, 1), ((string?)kept[0]!["failed"], six.Asked.Count(a => a == "POST /v1/chat/completions")));
        Assert.Contains("http://127.0.0.1:9", (string)kept[1]!["failed"]!, StringComparison.Ordinal);
        Assert.Contains((await server.Get($"aliases/{Alias}/history")).AsArray(), e => (string)e!["kind"]! == "warm_set_changed");

        var (_, plain) = await server.Post($"aliases/{Alias}/warm-set", new { keep = Array.Empty<object>(), reason = "over" });
        Assert.Empty(plain["kept_warm"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"keep":[{"release":"v7","at":["http://10.1.*"]}],"reason":"test"}""", 400, "no replica at")]
    [InlineData("""{"keep":[{"release":"v99"}],"reason":"test"}""", 404, "v99")]
    public async Task A_warm_set_that_makes_no_sense_is_refused_with_what_is_wrong(string body, int status, string why)
    {
        await using var model = await ModelServer.Start();
        await using var server = await RolloutTests.Prepared(model);
        var (answered, problem) = await server.Post($"aliases/{Alias}/warm-set", JsonNode.Parse(body)!);
        Assert.Equal(status, (int)answered);
        Assert.Contains(why, (string)problem["detail"]!, StringComparison.Ordinal);
    }
}
