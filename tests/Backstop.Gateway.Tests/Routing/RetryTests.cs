using System.Net;
using System.Net.Sockets;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>A request is sent again to another replica while its caller has seen nothing, and never more often than the release allows.</summary>
public sealed class RetryTests
{
    private const int IllId = 1005;
    private const int WellId = 1006;

    private static readonly string[] Delivered = ["Unlabelled:Unlabelled"];

    private static readonly Dictionary<string, RequestDelegate> Gone = new(StringComparer.Ordinal)
    {
        ["502"] = Answers.Json(502, "no backend", "text/plain"),
        ["503"] = Answers.Json(503, "loading the model", "text/plain"),
        ["a connection cut before the answer"] = http =>
        {
            http.Abort();
            return Task.CompletedTask;
        },
        ["a process killed in the middle of its answer"] = async http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = 1000;
            await http.Response.WriteAsync("{\"choices\":", http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            http.Abort();
        },
        ["a process killed before the first text of its stream"] = Answers.BreakOff(Answers.Sse([], ends: false)),
    };

    public static TheoryData<string> Ways => [.. Gone.Keys];

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_replica_that_goes_away_costs_its_caller_nothing_while_another_one_is_there(string how)
    {
        await using var fleet = await SmallFleet.Start();
        var isStream = how.Contains("stream", StringComparison.Ordinal);
        await Serve(fleet, """{"serving":{"retries":{"budget_percent":100}}}""");
        fleet.Seven.Answer = Gone[how];
        for (var i = 0; i < 20; i++)
        {
            var reply = await fleet.Gateway.Chat("Hello?", isStream);
            Assert.Equal("Hello.", isStream ? reply.StreamedText : reply.Text);
        }

        Assert.Equal(Enumerable.Repeat(Delivered[0], 20), await Reported.Of(fleet, EvidenceGroup.Form, 20));
        Assert.InRange(fleet.Seven.Asked.Length, 1, 5); // Asked at random, until it rests.
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_replica_that_does_not_begin_to_answer_is_not_waited_for_where_the_release_hedges(bool isStream)
    {
        await using var fleet = await SmallFleet.Start();
        await Serve(fleet, """{"serving":{"retries":{"budget_percent":100,"hedge_after_ms":30},"timeouts":{"first_token_ms":600000}}}""");
        var (cut, asked) = (0, 0);
        fleet.Seven.Answer = async http =>
        {
            Interlocked.Increment(ref asked);
            await Answers.Hang()(http);
            Interlocked.Increment(ref cut);
        };
        for (var i = 0; i < 30; i++)
        {
            var reply = await fleet.Gateway.Chat("Hello?", isStream);
            Assert.Equal("Hello.", isStream ? reply.StreamedText : reply.Text);
        }

        Assert.True(asked > 0, "Of thirty requests none went to one of two replicas.");
        await Eventually.Is(() => Volatile.Read(ref cut), all => all == asked); // Nobody waits for it: its connections are closed.
        Assert.Equal(Enumerable.Repeat(Delivered[0], 30), await Reported.Of(fleet, EvidenceGroup.Form, 30));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(100, 2)]
    public async Task A_request_that_no_replica_answers_fails_in_time_hedged_or_not(int budgetPercent, int asked)
    {
        await using var fleet = await SmallFleet.Start();
        await Serve(fleet, $$$"""{"serving":{"retries":{"budget_percent":{{{budgetPercent}}},"hedge_after_ms":30},"timeouts":{"first_token_ms":500} } }""");
        fleet.Seven.Answer = fleet.Eight.Answer = Answers.Hang();

        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.GatewayTimeout, "upstream_timeout");
        Assert.Equal(asked, fleet.Seven.Asked.Length + fleet.Eight.Asked.Length);
    }

    [Fact]
    public async Task A_replica_killed_in_the_middle_of_a_stream_is_told_in_the_stream_and_nothing_is_sent_twice()
    {
        await using var fleet = await SmallFleet.Start();
        await Serve(fleet);
        var begun = new TaskCompletionSource();
        fleet.Seven.Answer = fleet.Eight.Answer = async http =>
        {
            await Answers.Stream(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false))(http);
            await begun.Task.WaitAsync(http.RequestAborted);
            http.Abort();
        };
        using var response = await fleet.Gateway.Begin(
            RunningGateway.Request("Hello?", stream: true).ToJsonString(), "killed", TestContext.Current.CancellationToken);
        begun.SetResult();
        var reply = await Reply.Of(response);

        Assert.Contains("upstream_error", reply.Events[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", reply.Events);
        Assert.StartsWith(reply.StreamedText, Answers.Story, StringComparison.Ordinal);
        Assert.Equal(1, fleet.Seven.Asked.Length + fleet.Eight.Asked.Length);
    }

    [Fact]
    public async Task What_says_that_it_failed_is_not_asked_again_elsewhere()
    {
        await using var fleet = await SmallFleet.Start();
        await Serve(fleet);
        fleet.Seven.Answer = fleet.Eight.Answer = Answers.Json(500, "{}");
        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.BadGateway, "upstream_error");

        Assert.Equal(1, fleet.Seven.Asked.Length + fleet.Eight.Asked.Length);
    }

    [Fact]
    public async Task A_burst_that_finds_a_dead_replica_costs_nobody_an_answer_and_no_retry()
    {
        await using var fleet = await SmallFleet.Start();
        using var dead = new TcpListener(IPAddress.Loopback, 0);
        dead.Start();
        var address = new Uri($"http://{dead.LocalEndpoint}");
        dead.Stop();
        var release = SmallFleet.Released("twins", [address, fleet.Eight.Address], """{"serving":{"retries":{"budget_percent":0}}}""");
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(release, generation: 2), release);

        var replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => fleet.Gateway.Chat("Hello?")));
        Assert.All(replies, reply => Assert.Equal("Hello.", reply.Text));
    }

    [Fact]
    public async Task When_a_whole_pool_is_gone_retries_end_with_the_budget()
    {
        await using var fleet = await SmallFleet.Start();
        await Serve(fleet, """{"serving":{"retries":{"budget_percent":10}}}""");
        fleet.Seven.Answer = fleet.Eight.Answer = Answers.Json(503, "{}");
        const int Requests = 200;
        var began = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < Requests; i++)
        {
            (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.BadGateway, "upstream_error");
        }

        var seconds = (int)Math.Ceiling(TimeProvider.System.GetElapsedTime(began).TotalSeconds); // Each of them pays for one.
        Assert.InRange(fleet.Seven.Asked.Length + fleet.Eight.Asked.Length, Requests + 1, Requests + RetryBudget.Reserve + (Requests / 10) + seconds);
    }

    [Fact]
    public void A_budget_of_zero_sends_nothing_again()
    {
        var time = new StoppedClock();
        var budget = new RetryBudget(new Retries(2, 0), time);
        budget.Save();
        time.Now += (TimeSpan.FromHours(1));

        Assert.False(budget.TrySpend());
    }

    [Fact]
    public void Where_requests_are_few_there_is_a_retry_a_second_and_never_more_than_the_reserve_at_once()
    {
        var time = new StoppedClock();
        var budget = new RetryBudget(new Retries(2, 20), time);
        Assert.Equal(RetryBudget.Reserve, Spent());
        time.Now += (TimeSpan.FromSeconds(0.9));
        Assert.Equal(0, Spent());
        time.Now += (TimeSpan.FromSeconds(2.2));
        Assert.Equal(3, Spent());
        time.Now += (TimeSpan.FromHours(1));
        Assert.Equal(RetryBudget.Reserve, Spent());

        int Spent()
        {
            var spent = 0;
            while (budget.TrySpend())
            {
                spent++;
            }

            return spent;
        }
    }

    [Fact]
    public async Task An_ill_replica_is_found_by_its_health_check_before_a_user_finds_it_and_comes_back_by_it()
    {
        await using var fleet = await SmallFleet.Start();
        var ill = false;
        RequestDelegate well = Answers.Chat("Hello."), health = http => Answers.Json(Volatile.Read(ref ill) ? 503 : 200, "{}")(http);
        fleet.Seven.Answer = http => http.Request.Path == "/health" ? health(http) : well(http);
        fleet.Eight.Answer = http => http.Request.Path == "/health" ? Answers.Json(200, "{}")(http) : well(http);
        await Serve(fleet, """{"serving":{"health":{"path":"/health","interval_ms":100,"failures":2}}}""");

        Volatile.Write(ref ill, true);
        await Eventually.Is(() => fleet.Gateway.Log.Lines, lines => lines.Any(l => l.Id == IllId));
        var before = Chats(fleet.Seven);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("Hello.", (await fleet.Gateway.Chat("Hello?")).Text);
        }

        Assert.Equal(before, Chats(fleet.Seven));
        Volatile.Write(ref ill, false);
        await Eventually.Is(() => fleet.Gateway.Log.Lines, lines => lines.Any(l => l.Id == WellId));
        for (var i = 0; i < 20; i++)
        {
            await fleet.Gateway.Chat("Hello?");
        }

        Assert.True(Chats(fleet.Seven) > before);
    }

    [Fact]
    public async Task The_alias_is_more_particular_about_time_than_the_release()
    {
        await using var fleet = await SmallFleet.Start(
            (old, _) => SmallFleet.Plain(old) with { Traffic = Core.Routing.TrafficPolicy.Parse("""{"timeouts":{"first_token_ms":50}}""") },
            """{"serving":{"timeouts":{"first_token_ms":3600000,"total_ms":3600000}}}""");
        fleet.Seven.Answer = Answers.Hang();

        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.GatewayTimeout, "upstream_timeout");
    }

    [Fact]
    public async Task A_stream_that_stops_between_two_tokens_ends_in_the_time_its_release_names()
    {
        await using var fleet = await SmallFleet.Start(manifest: """{"serving":{"timeouts":{"between_tokens_ms":50}}}""");
        var never = new TaskCompletionSource();
        fleet.Seven.Answer = Answers.Paused(Answers.Sse(Answers.Pieces(Answers.Story, 9), ends: false), never.Task, []);

        Assert.Contains("upstream_timeout", (await fleet.Gateway.Chat("Hello?", stream: true)).Events[^1], StringComparison.Ordinal);
    }

    private static int Chats(ModelServer server) => server.Targets.Count(t => t.StartsWith("POST", StringComparison.Ordinal));

    /// <summary>Both model servers become replicas of one release.</summary>
    private static async Task Serve(SmallFleet fleet, string manifest = "{}")
    {
        var release = SmallFleet.Released("twins", [fleet.Seven.Address, fleet.Eight.Address], manifest);
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(release, generation: 2), release);
    }

    private sealed class StoppedClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
