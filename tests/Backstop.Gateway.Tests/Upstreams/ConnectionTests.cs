using System.Net;
using Backstop.Gateway.Tests.Harness;
using Backstop.Gateway.Tests.Requests;

namespace Backstop.Gateway.Tests.Upstreams;

/// <summary>Connections to model servers are kept, and never trusted longer than they are worth.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Requests_one_after_the_other_share_a_connection()
    {
        await using var place = await ChaosTests.Site.Start(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await place.Gateway.Chat("Hello?")).Status);
        }

        Assert.Equal(1, place.Server.Accepted);
    }

    [Fact]
    public async Task A_connection_that_its_server_closed_is_not_asked_again()
    {
        await using var place = await ChaosTests.Site.Start(TimeSpan.FromSeconds(20));
        place.Server.Answer = RawServer.SayAndClose(RawServer.Http(Answers.Completion("Hello.")));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await place.Gateway.Chat("Hello?")).Status);
            await Eventually.Is(() => place.Server.Open, open => open == 0);
        }
    }

    [Fact]
    public async Task What_a_server_says_unasked_is_nobodys_answer()
    {
        await using var place = await ChaosTests.Site.Start(TimeSpan.FromSeconds(20));
        place.Server.Answer = RawServer.Say(RawServer.Http(Answers.Completion("Hello.")) + RawServer.Http(Answers.Completion("Not yours.")));
        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("Hello.", (await place.Gateway.Chat("Hello?")).Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_says_close_is_believed()
    {
        await using var place = await ChaosTests.Site.Start(TimeSpan.FromSeconds(20));
        place.Server.Answer = RawServer.Say("HTTP/1.1 200 OK\r\nConnection: close\r\n" + RawServer.Http(Answers.Completion("Hello."))["HTTP/1.1 200 OK\r\n".Length..]);
        await place.Gateway.Chat("Hello?");
        await Eventually.Is(() => place.Server.Open, open => open == 0);
    }

    [Fact]
    public async Task A_long_question_arrives_whole()
    {
        await using var place = await ChaosTests.Site.Start(TimeSpan.FromSeconds(20));
        Assert.Equal(HttpStatusCode.OK, (await place.Gateway.Chat(new string('x', 300_000))).Status);
        Assert.Contains(new string('x', 300_000), place.Server.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_caller_writes_into_its_trace_cannot_break_the_connection()
    {
        await using var place = await ChaosTests.Site.Start(TimeSpan.FromSeconds(20));
        var body = RunningGateway.Request("Hello?").ToJsonString();
        using var caller = await place.Call(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\ntracestate: k=é\r\n"
            + $"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await Eventually.Is(() => place.Server.LastRequest, request => request.Length > 0);
        Assert.Contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", place.Server.LastRequest, StringComparison.Ordinal);
        Assert.DoesNotContain("tracestate", place.Server.LastRequest, StringComparison.Ordinal);
    }
}
