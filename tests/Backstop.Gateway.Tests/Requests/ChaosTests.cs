using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Core.Registry;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>
/// Whatever is at the other end of a socket: the caller hears of it in bounded time and in one form, no connection stays behind, and
/// the next request is served.
/// </summary>
public sealed class ChaosTests(ChaosTests.Fixture fixture) : IClassFixture<ChaosTests.Fixture>
{
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    private const string StreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    private const string Text = """data: {"choices":[{"index":0,"delta":{"content":"One, two. "}}]}""" + "\n\n";

    private static readonly Dictionary<string, (Func<Socket, CancellationToken, Task> Answer, HttpStatusCode Status, string Code)> Whole = new(StringComparer.Ordinal)
    {
        ["no HTTP at all"] = Error(RawServer.Say("hello, this is no model server\r\n\r\n")),
        ["a connection that is closed without a word"] = Error(RawServer.SayAndClose()),
        ["headers without end"] = Error(RawServer.SayWithoutEnd(Head, "X-Filler: filler\r\n")),
        ["a body without end"] = Error(RawServer.SayWithoutEnd(Head + "Transfer-Encoding: chunked\r\n\r\n", Chunk(new string(' ', 4000)))),
        ["a body without end or length"] = Error(RawServer.SayWithoutEnd(Head + "\r\n", new string(' ', 4000))),
        ["a body shorter than announced"] = Error(RawServer.SayAndClose(Head + "Content-Length: 1000\r\n\r\n{\"choices\":")),
        ["a body whose sender half-closes"] = Error(RawServer.SayAndHalfClose(Head + "Content-Length: 1000\r\n\r\n{\"choices\":")),
        ["a chunk that is none"] = Error(RawServer.Say(Head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n")),
        ["a length below nothing"] = Error(RawServer.SayAndClose(Head + "Content-Length: -5\r\n\r\n{}")),
        ["an error with status 200"] = Error(RawServer.Say(RawServer.Http("""{"error":{"message":"quota"}}"""))),
        ["a page for people"] = Error(RawServer.Say(RawServer.Http("<html>It works!</html>", "text/html"))),
        ["nothing, ever"] = Timeout(RawServer.Say()),
        ["headers, then nothing"] = Timeout(RawServer.Say(Head + "Content-Length: 1000\r\n\r\n")),
        ["half a body, then nothing"] = Timeout(RawServer.Say(Head + "Content-Length: 1000\r\n\r\n{\"choices\":")),
    };

    private static readonly Dictionary<string, (Func<Socket, CancellationToken, Task> Answer, HttpStatusCode Status, string Code)> Unbegun = new(StringComparer.Ordinal)
    {
        ["an event without end"] = Error(RawServer.SayWithoutEnd(StreamHead, Chunk(new string('x', 4000)))),
        ["comments without end"] = Error(RawServer.SayWithoutEnd(StreamHead, Chunk(": wait\n\n"))),
        ["an answer in no stream"] = Error(RawServer.Say(RawServer.Http(Answers.Completion("whole")))),
        ["an end before the first text"] = Error(RawServer.Say(StreamHead + "0\r\n\r\n")),
        ["an error with status 200"] = Error(RawServer.Say(RawServer.Http("data: {\"error\":{\"message\":\"quota\"}}\n\n", "text/event-stream"))),
        ["half an event, then nothing"] = Timeout(RawServer.Say(StreamHead, Chunk(Text[..20]))),
    };

    private static readonly Dictionary<string, (Func<Socket, CancellationToken, Task> Answer, string Code)> Begun = new(StringComparer.Ordinal)
    {
        ["an event that is cut"] = (RawServer.SayAndClose(StreamHead, Chunk(Text + Text), Chunk(Text[..20])), "upstream_error"),
        ["a chunk that is cut"] = (RawServer.SayAndClose(StreamHead, Chunk(Text + Text), "ff\r\ndata: {"), "upstream_error"),
        ["a sender that half-closes"] = (RawServer.SayAndHalfClose(StreamHead, Chunk(Text + Text)), "upstream_error"),
        ["silence"] = (RawServer.Say(StreamHead, Chunk(Text + Text)), "upstream_timeout"),
        ["text without end"] = (RawServer.SayWithoutEnd(StreamHead, Chunk(Text + Text)), "upstream_timeout"),
        ["garbage behind the first text"] = (RawServer.Say(StreamHead, Chunk(Text + Text + "data: nonsense\n\n")), "upstream_error"),
    };

    private Site Place => fixture.Place;

    public static TheoryData<string> WholeCases => [.. Whole.Keys];

    public static TheoryData<string> UnbegunCases => [.. Unbegun.Keys];

    public static TheoryData<string> BegunCases => [.. Begun.Keys];

    [Theory]
    [MemberData(nameof(WholeCases))]
    public async Task An_answer_that_is_none_is_an_error_and_leaves_nothing_behind(string how)
    {
        var (answer, status, code) = Whole[how];
        await Place.Survives(answer, async () => (await Place.Gateway.Chat("Hello?").Comes()).IsError(status, code));
    }

    [Theory]
    [MemberData(nameof(UnbegunCases))]
    public async Task A_stream_that_never_begins_is_an_error_and_leaves_nothing_behind(string how)
    {
        var (answer, status, code) = Unbegun[how];
        await Place.Survives(answer, async () => (await Place.Gateway.Chat("Hello?", stream: true).Comes()).IsError(status, code));
    }

    [Theory]
    [MemberData(nameof(BegunCases))]
    public async Task A_stream_that_goes_wrong_says_so_inside_and_leaves_nothing_behind(string how)
    {
        var (answer, code) = Begun[how];
        await Place.Survives(answer, async () =>
        {
            var reply = await Place.Gateway.Chat("Hello?", stream: true).Comes();
            Assert.StartsWith("One, ", reply.StreamedText, StringComparison.Ordinal);
            Assert.True(reply.Events[^1].Contains(code, StringComparison.Ordinal), reply.Events[^1]);
            Assert.DoesNotContain("[DONE]", reply.Events);
        });
    }

    [Fact]
    public async Task What_follows_an_answer_unasked_is_not_taken_for_the_next_one()
    {
        Place.Server.Answer = RawServer.Say(RawServer.Http(Answers.Completion("First.")) + RawServer.Http(Answers.Completion("Poison.")));
        Assert.Equal("First.", (await Place.Gateway.Chat("Hello?").Comes()).Text);
        Place.Server.Answer = RawServer.Say(RawServer.Http(Answers.Completion("Second.")));
        Assert.Equal("Second.", (await Place.Gateway.Chat("Hello?").Comes()).Text);
    }

    [Fact]
    public async Task A_caller_who_sends_a_body_drop_by_drop_is_told_in_time()
    {
        using var caller = await Place.Call("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var answer = Read(caller);
        while (!answer.IsCompleted && await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken))
        {
            try
            {
                await caller.SendAsync(" "u8.ToArray(), TestContext.Current.CancellationToken);
            }
            catch (SocketException)
            {
                break; // The gateway has had enough.
            }
        }

        var told = await answer.Comes();
        Assert.StartsWith("HTTP/1.1 408", told, StringComparison.Ordinal);
        Assert.Contains("request_timeout", told, StringComparison.Ordinal);
        Place.Server.Answer = RawServer.Say(RawServer.Http(Answers.Completion("Hello.")));
        Assert.Equal("Hello.", (await Place.Gateway.Chat("Hello?").Comes()).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_caller_who_leaves_takes_the_connection_to_the_model_server_along(bool stream)
    {
        await using var place = await Site.Start(TimeSpan.FromMinutes(5));
        place.Server.Answer = RawServer.Say(stream ? [StreamHead, Chunk(Text)] : [Head]);
        var body = RunningGateway.Request("Hello?", stream).ToJsonString();
        var caller = await place.Call($"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await Eventually.Is(() => place.Server.Open, open => open == 1);
        caller.Close();

        await Eventually.Is(() => place.Server.Open, open => open == 0);
    }

    private static (Func<Socket, CancellationToken, Task> Answer, HttpStatusCode Status, string Code) Error(Func<Socket, CancellationToken, Task> answer) =>
        (answer, HttpStatusCode.BadGateway, "upstream_error");

    private static (Func<Socket, CancellationToken, Task> Answer, HttpStatusCode Status, string Code) Timeout(Func<Socket, CancellationToken, Task> answer) =>
        (answer, HttpStatusCode.GatewayTimeout, "upstream_timeout");

    private static string Chunk(string text) => $"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n";

    private static async Task<string> Read(Socket caller)
    {
        var text = new StringBuilder();
        var piece = new byte[4096];
        try
        {
            while (await caller.ReceiveAsync(piece, TestContext.Current.CancellationToken) is var read and > 0)
            {
                text.Append(Encoding.UTF8.GetString(piece, 0, read));
                if (text.ToString().Contains("\"code\"", StringComparison.Ordinal))
                {
                    break;
                }
            }
        }
        catch (SocketException)
        {
            // Closed under what was still being sent.
        }

        return text.ToString();
    }

    /// <summary>A gateway in front of one such server, with little patience.</summary>
    internal sealed class Site(RawServer server, ScriptedControl control, RunningGateway gateway) : IAsyncDisposable
    {
        public RawServer Server => server;

        public RunningGateway Gateway => gateway;

        public static async Task<Site> Start(TimeSpan patience)
        {
            var server = RawServer.Start();
            var control = await ScriptedControl.Start();
            var gateway = await RunningGateway.Start(control.Address, options =>
            {
                options.MaxAnswerBytes = 64 * 1024;
                options.FirstByteTimeout = patience;
                options.BetweenBytesTimeout = patience;
                options.RequestDeadline = 2 * patience;
            });
            var manifest = new JsonObject { ["serving"] = new JsonObject { ["model"] = "tiny", ["replicas"] = new JsonArray(server.Address.ToString()) } };
            var release = ((ReleaseResult.Parsed)Release.Parse("v7", manifest.ToJsonString())).Release;
            await control.PublishAndAwait(SmallFleet.Plain(release), release);
            return new(server, control, gateway);
        }

        public async Task<Socket> Call(string request)
        {
            var caller = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await caller.ConnectAsync(IPAddress.Loopback, gateway.Http.BaseAddress!.Port, TestContext.Current.CancellationToken);
            await caller.SendAsync(Encoding.UTF8.GetBytes(request), TestContext.Current.CancellationToken);
            return caller;
        }

        /// <summary>Something bad happens, is told, leaves no connection behind but one that is kept for the next request, and that is served.</summary>
        public async Task Survives(Func<Socket, CancellationToken, Task> answer, Func<Task> ask)
        {
            server.Answer = answer;
            await ask();
            server.Answer = RawServer.Say(RawServer.Http(Answers.Completion("Hello.")));
            Assert.Equal("Hello.", (await gateway.Chat("Hello?").Comes()).Text);
            await Eventually.Is(() => server.Open, open => open == 1);
        }

        public async ValueTask DisposeAsync()
        {
            await gateway.DisposeAsync();
            await control.DisposeAsync();
            await server.DisposeAsync();
        }
    }

    public sealed class Fixture : IAsyncLifetime
    {
        internal Site Place { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Place = await Site.Start(TimeSpan.FromSeconds(1));

        public ValueTask DisposeAsync() => Place.DisposeAsync();
    }
}
