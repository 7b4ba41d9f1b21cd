using System.Net;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>A gateway leaves without a failed request.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_gateway_that_leaves_says_so_first_then_finishes_what_is_under_way()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.DrainDelay = TimeSpan.FromSeconds(3));
        var go = new TaskCompletionSource();
        fleet.Seven.Answer = Answers.Paused(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false), go.Task, Answers.Sse([]));
        using var stream = await fleet.Gateway.Begin(
            RunningGateway.Request("Hello?", stream: true).ToJsonString(), "slow", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await Ready(fleet.Gateway));

        var stopping = fleet.Gateway.Stop();
        while (await Ready(fleet.Gateway) == HttpStatusCode.OK)
        {
            await Task.Yield();
        }

        // Nobody who has not heard of it yet is turned away.
        fleet.Seven.Answer = Answers.Chat("Hello.");
        var late = await fleet.Gateway.Chat("Hello?");
        Assert.Equal("Hello.", late.Text);
        Assert.Equal("close", late.Headers["Connection"]);
        Assert.False(stopping.IsCompleted);
        go.SetResult();
        Assert.Equal("[DONE]", (await Reply.Of(stream)).Events[^1]);
        await stopping.Comes();
    }

    [Fact]
    public async Task A_stream_that_is_not_over_when_its_gateway_must_stop_says_so()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.DrainDeadline = TimeSpan.Zero);
        fleet.Seven.Answer = Answers.Paused(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false), Task.Delay(Timeout.Infinite, TestContext.Current.CancellationToken), Answers.Sse([]));
        using var stream = await fleet.Gateway.Begin(
            RunningGateway.Request("Hello?", stream: true).ToJsonString(), "slow", TestContext.Current.CancellationToken);

        var stopping = fleet.Gateway.Stop();
        var reply = await Reply.Of(stream).Comes();
        Assert.Contains("gateway_stopping", reply.Events[^1], StringComparison.Ordinal);
        await stopping.Comes();
    }

    private static async Task<HttpStatusCode> Ready(RunningGateway gateway)
    {
        using var answer = await gateway.Http.GetAsync(new Uri("/readyz", UriKind.Relative), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
