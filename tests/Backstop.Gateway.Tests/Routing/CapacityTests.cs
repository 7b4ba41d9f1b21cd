using System.Net;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>A release whose servers can bear only so much at one time.</summary>
public sealed class CapacityTests
{
    private const int Concurrent = 3; // As the manifest below says.
    private const int Callers = 12;
    private const string Words = "Please try again in a minute.";

    [Theory]
    [InlineData("{}", false)]
    [InlineData("""{"fallback":[{"text":"Please try again in a minute."}]}""", true)]
    public async Task E38_an_abort_to_a_pool_that_shrank_meanwhile_sends_it_no_more_than_it_can_bear(string policy, bool fallback)
    {
        const string serving = """{"serving":{"concurrent":3,"retries":{"most":0}}}""";
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, serving);

        // Of the two replicas it had when the canary began one is gone, and everybody comes back.
        Release shrunk = SmallFleet.Released("v7", [fleet.Seven.Address], serving);
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(shrunk, generation: 2) with { Traffic = TrafficPolicy.Parse(policy) }, shrunk);
        var (go, gate, here, most) = (new TaskCompletionSource(), new Lock(), 0, 0);
        fleet.Seven.Answer = async http =>
        {
            lock (gate)
            {
                most = Math.Max(most, ++here);
            }

            await go.Task.WaitAsync(http.RequestAborted);
            lock (gate)
            {
                here--;
            }

            await Answers.Chat("Hello.")(http);
        };
        var asked = Enumerable.Range(0, Callers).Select(_ => fleet.Gateway.Chat("Hello?")).ToList();
        await Eventually.Is(() => (asked.Count(a => a.IsCompleted), Volatile.Read(ref here)), seen => seen == (Callers - Concurrent, Concurrent));
        var shed = asked.Where(a => a.IsCompleted).ToList();
        go.SetResult();
        var all = await Task.WhenAll(asked);

        Assert.Equal(Concurrent, most);
        Assert.Equal(Concurrent, all.Count(reply => reply is { Status: HttpStatusCode.OK, Text: "Hello." }));
        foreach (var reply in await Task.WhenAll(shed))
        {
            if (fallback)
            {
                Assert.Equal((HttpStatusCode.OK, Words), (reply.Status, reply.Text));
            }
            else
            {
                reply.IsError(HttpStatusCode.ServiceUnavailable, "overloaded");
            }
        }

        Assert.Equal("v7", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-release"]);
    }

    [Fact]
    public async Task A_replica_that_is_drained_gets_no_request_until_it_is_no_longer()
    {
        await using var fleet = await SmallFleet.Start();
        Release two = SmallFleet.Released("v7", [fleet.Seven.Address, fleet.Eight.Address]);
        var drained = $$"""{"drained":["{{fleet.Eight.Address}}"]}""";
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(two, generation: 2) with { Traffic = TrafficPolicy.Parse(drained) }, two);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("Hello.", (await fleet.Gateway.Chat("Hello?")).Text);
        }

        Assert.Empty(fleet.Eight.Asked);
        await fleet.Control.PublishAndAwait(
            SmallFleet.Plain(two, generation: 3) with { Traffic = TrafficPolicy.Parse("""{"drained":["http://127.0.0.*"]}""") }, two);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await fleet.Gateway.Chat("Hello?")).Status);
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(two, generation: 4), two);
        for (var i = 0; i < 20; i++)
        {
            await fleet.Gateway.Chat("Hello?");
        }

        Assert.NotEmpty(fleet.Eight.Asked);
    }

    [Fact]
    public async Task A_replica_that_is_full_leaves_requests_to_the_others()
    {
        await using var fleet = await SmallFleet.Start(manifest: """{"serving":{"concurrent":1}}""");
        Release two = SmallFleet.Released("v7", [fleet.Seven.Address, fleet.Eight.Address], """{"serving":{"concurrent":1}}""");
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(two, generation: 2), two);
        var go = new TaskCompletionSource();
        fleet.Seven.Answer = fleet.Eight.Answer = async http =>
        {
            await go.Task.WaitAsync(http.RequestAborted);
            await Answers.Chat("Hello.")(http);
        };
        var first = new[] { fleet.Gateway.Chat("Hello?"), fleet.Gateway.Chat("Hello?") };
        await Eventually.Is(() => (fleet.Seven.Asked.Length, fleet.Eight.Asked.Length), asked => asked == (1, 1));
        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.ServiceUnavailable, "overloaded");
        go.SetResult();
        Assert.All(await Task.WhenAll(first), reply => Assert.Equal("Hello.", reply.Text));
    }
}
