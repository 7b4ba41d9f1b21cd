using System.Net;
using Backstop.Core.Evidence;
using Backstop.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>What a model server does wrong is the release's failure, unless it speaks of what the caller sent.</summary>
public sealed class BadUpstreamTests
{
    private static readonly Dictionary<string, RequestDelegate> Failures = new(StringComparer.Ordinal)
    {
        ["500"] = Answers.Json(500, """{"error":{"message":"CUDA out of memory at kernel.cu:12"}}"""),
        ["503"] = Answers.Json(503, "overloaded", "text/plain"),
        ["401"] = Answers.Json(401, """{"error":{"message":"bad key"}}"""),
        ["404"] = Answers.Json(404, """{"error":{"message":"no such model"}}"""),
        ["a redirect"] = http =>
        {
            http.Response.Redirect("http://127.0.0.1:1/elsewhere");
            return Task.CompletedTask;
        },
        ["garbage"] = Answers.Json(200, "<html>It works!</html>", "text/html"),
        ["an error with status 200"] = Answers.Json(200, """{"error":{"message":"quota"}}"""),
        ["choices that are no choices"] = Answers.Json(200, """{"choices":[{"message":{"content":"a","content":"b"}}]}"""),
        ["an empty body"] = Answers.Json(200, ""),
        ["an answer too long"] = Answers.Json(200, Answers.Completion(new string('a', 70_000))),
        ["an answer that breaks off"] = async http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = 1000;
            await http.Response.WriteAsync("{\"choices\":", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            http.Abort();
        },
        ["a connection that is cut"] = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        },
    };

    private static readonly Dictionary<string, RequestDelegate> StreamFailures = new(StringComparer.Ordinal)
    {
        ["500"] = Failures["500"],
        ["the wrong content type"] = Answers.Json(200, Answers.Completion("whole"), "application/json"),
        ["an error with status 200"] = Failures["an error with status 200"],
        ["an error as its first event"] = Answers.Stream("data: {\"error\":{\"message\":\"quota\"}}\n\n"u8.ToArray()),
        ["garbage events"] = Answers.Stream("data: hello\n\n"u8.ToArray()),
        ["an event that is an array"] = Answers.Stream("data: [1]\n\n"u8.ToArray()),
        ["nothing at all"] = Answers.Stream(),
        ["an end before the first text"] = Answers.BreakOff(Answers.Sse([], ends: false)),
        ["comments without end"] = async http =>
        {
            await Answers.Stream(": waiting\n\n"u8.ToArray())(http);
            var many = new byte[70_000];
            many.AsSpan().Fill((byte)':');
            many[^1] = many[^2] = (byte)'\n';
            await http.Response.Body.WriteAsync(many, http.RequestAborted);
        },
    };

    private static readonly string[] ReleaseFailure = ["Error:Failed"];

    public static TheoryData<string> Whole => [.. Failures.Keys];

    public static TheoryData<string> Streamed => [.. StreamFailures.Keys];

    [Theory]
    [MemberData(nameof(Whole))]
    public async Task A_model_server_that_fails_is_502_and_the_release_has_it_on_its_record(string how)
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.MaxAnswerBytes = 64 * 1024);
        fleet.Seven.Answer = Failures[how];
        var reply = await fleet.Gateway.Chat("Hello?");

        reply.IsError(HttpStatusCode.BadGateway, "upstream_error");
        Assert.DoesNotContain("CUDA", reply.Body, StringComparison.Ordinal);
        Assert.Equal(ReleaseFailure, await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Theory]
    [MemberData(nameof(Streamed))]
    public async Task A_stream_that_fails_before_its_first_text_is_502_as_if_it_were_no_stream(string how)
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.MaxAnswerBytes = 64 * 1024);
        fleet.Seven.Answer = StreamFailures[how];
        var reply = await fleet.Gateway.Chat("Hello?", stream: true);

        reply.IsError(HttpStatusCode.BadGateway, "upstream_error");
        Assert.Equal(ReleaseFailure, await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_tells_the_caller_inside_the_stream_and_never_says_done()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Stream(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false));
        var reply = await fleet.Gateway.Chat("Hello?", stream: true);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Contains("upstream_error", reply.Events[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", reply.Events);
        Assert.Equal(ReleaseFailure, await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(413)]
    [InlineData(422)]
    public async Task What_the_model_server_says_of_the_callers_request_goes_to_the_caller_and_counts_for_nobody(int status)
    {
        const string Body = """{"error":{"message":"max_tokens is too large","type":"invalid_request_error","param":"max_tokens","code":"too_long"}}""";
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        fleet.Eight.Answer = Answers.Json(status, Body);
        foreach (var stream in new[] { false, true })
        {
            var reply = await fleet.Gateway.Chat("Hello?", stream);
            Assert.Equal(status, (int)reply.Status);
            Assert.Equal(Body, reply.Body);
        }

        Assert.Empty(fleet.Seven.Asked);
        Assert.Equal(["InputBlocked:Failed", "InputBlocked:Failed"], await Reported.Of(fleet, EvidenceGroup.Form, 2));
    }

    [Fact]
    public async Task A_model_server_that_is_asked_too_often_says_when_to_come_back()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        fleet.Eight.Answer = http =>
        {
            http.Response.Headers.RetryAfter = "7";
            return Answers.Json(429, "slow down", "text/plain")(http);
        };
        var reply = await fleet.Gateway.Chat("Hello?");

        reply.IsError(HttpStatusCode.TooManyRequests, "upstream_refused");
        Assert.Equal("7", reply.Headers["Retry-After"]);
        Assert.Empty(fleet.Seven.Asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_model_server_that_says_nothing_is_504(bool stream)
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.FirstByteTimeout = TimeSpan.FromMilliseconds(300));
        fleet.Seven.Answer = Answers.Hang();
        (await fleet.Gateway.Chat("Hello?", stream)).IsError(HttpStatusCode.GatewayTimeout, "upstream_timeout");

        Assert.Equal(ReleaseFailure, await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_stream_that_falls_silent_is_ended_with_a_timeout()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.BetweenBytesTimeout = TimeSpan.FromMilliseconds(300));
        fleet.Seven.Answer = async http =>
        {
            await Answers.Stream(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false))(http);
            await Answers.Hang()(http);
        };
        var reply = await fleet.Gateway.Chat("Hello?", stream: true);

        Assert.Contains("upstream_timeout", reply.Events[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_ends_at_its_deadline_however_busy_its_stream_is()
    {
        await using var fleet = await SmallFleet.Start(configure: options => options.RequestDeadline = TimeSpan.FromSeconds(3));
        fleet.Seven.Answer = async http =>
        {
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            var sentence = Answers.Sse(["It goes on and on. "], ends: false);
            http.Response.ContentType = "text/event-stream";
            do
            {
                await http.Response.Body.WriteAsync(sentence, http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
            while (await pace.WaitForNextTickAsync(http.RequestAborted));
        };
        var reply = await fleet.Gateway.Chat("Hello?", stream: true);

        Assert.Contains("upstream_timeout", reply.Events[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task With_no_model_server_left_the_caller_hears_that_no_release_is_warm(bool stream)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted);
        await fleet.Seven.DisposeAsync();
        await fleet.Eight.DisposeAsync();
        (await fleet.Gateway.Chat("Hello?", stream)).IsError(HttpStatusCode.ServiceUnavailable, "no_warm_release");
    }
}
