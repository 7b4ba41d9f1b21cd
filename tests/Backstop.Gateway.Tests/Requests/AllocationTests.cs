using System.Collections.Immutable;
using System.Text;
using Backstop.Core.Registry;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Tests.Harness;
using Backstop.Gateway.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>What the gateway's own code leaves to the garbage collector on the way of a request.</summary>
/// <remarks>Counted in this process without a socket: what the web server and the HTTP client allocate is theirs, and is measured in <c>bench/gateway</c>.</remarks>
public sealed class AllocationTests(ITestOutputHelper output)
{
    /// <summary>Reading a request, whatever its length, and what is written of it to the model server.</summary>
    /// <remarks>784 by itself. After other tests a little more: what the compiler keeps off the heap depends on what it has seen before.</remarks>
    private const int BytesPerRequest = 900;

    /// <summary>Reading an answer that is passed on, whatever its length.</summary>
    private const int BytesPerAnswer = 300;

    /// <summary>An event of a stream that is passed on.</summary>
    private const int BytesPerEvent = 0;

    /// <summary>Screening a request by the default ring, beside its two texts: each takes two bytes for a character.</summary>
    private const int BytesPerScreenedRequest = 1450;

    /// <summary>Reading an answer that the default ring looks at, beside its text.</summary>
    private const int BytesPerScreenedAnswer = 1300;

    private static readonly ReleaseParts Parts = new(((ReleaseResult.Parsed)Release.Parse(
        "v7", """{"serving":{"model":"tiny","replicas":["http://127.0.0.1:1"]}}""")).Release);

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    public void A_request_costs_no_more_than_its_budget_however_long_it_is(int length)
    {
        var body = Encoding.UTF8.GetBytes(
            $$"""{"model":"assistant:prod","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"{{new string('a', length)}}"}],"temperature":0.2,"stream":false}""");
        var used = Least(() =>
        {
            var request = ModelRequest.Read(BodyBytes.Own(body), Dialect.Chat);
            UpstreamBody.For(request, Parts, Parts.Prompt.For(request, ImmutableArray<string?>.Empty).Messages, ImmutableArray<string?>.Empty);
        });

        output.WriteLine($"{used} bytes");
        Assert.InRange(used, 1, BytesPerRequest);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(100_000)]
    public void An_answer_costs_no_more_than_its_budget_however_long_it_is(int length)
    {
        var body = Encoding.UTF8.GetBytes(Answers.Completion(new string('a', length)));
        var whole = new WholeAnswer(new(), Nowhere.Guards);
        using var time = Time();
        time.Within(TimeSpan.FromMinutes(1)); // Its timer belongs to the request, which has one for all its waits.
        var used = Least(
            () => Received.Whole(new MemoryStream(body)),
            answering =>
            {
                var read = whole.Read(answering, ring: null, Dialect.Chat, time).AsTask();
                Assert.True(read.IsCompletedSuccessfully, "Nothing waits when the answer is there.");
                ((Screened.Deliverable)read.Result).Body!.Return();
            });

        output.WriteLine($"{used} bytes");
        Assert.InRange(used, 1, BytesPerAnswer);
    }

    [Fact]
    public void An_event_of_a_stream_costs_no_more_than_its_budget()
    {
        var (few, many) = (OfStream(100), OfStream(1100));

        output.WriteLine($"{(many - few) / 1000.0} bytes an event");
        Assert.InRange((many - few) / 1000.0, 0, BytesPerEvent + 0.5);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    public void A_request_that_is_screened_costs_no_more_than_its_budget_beside_its_texts(int length)
    {
        var (question, pool) = (Words(length), Pool());
        var body = Encoding.UTF8.GetBytes(
            $$"""{"model":"assistant:prod","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"{{question}}"}],"temperature":0.2,"stream":false}""");
        var used = Least(
            () => ModelRequest.Read(BodyBytes.Own(body), Dialect.Chat),
            request =>
            {
                var session = pool.Ring.Open(new("assistant:prod") { Messages = request.Texts });
                var screened = Nowhere.Guards.Screen(session, request.Texts, CancellationToken.None);
                Assert.True(screened.IsCompletedSuccessfully, "Nobody outside is asked.");
                Assert.False(screened.Result.Stops);
            });

        output.WriteLine($"{used - (2 * question.Length)} bytes beside the question");
        Assert.InRange(used - (2 * question.Length), 1, BytesPerScreenedRequest);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1000)]
    public void An_answer_that_is_screened_costs_no_more_than_its_budget_beside_its_text(int length)
    {
        var (text, pool) = (Words(length), Pool());
        var body = Encoding.UTF8.GetBytes(Answers.Completion(text));
        var whole = new WholeAnswer(new(), Nowhere.Guards);
        using var time = Time();
        time.Within(TimeSpan.FromMinutes(1));
        var used = Least(
            () => (Answering: Received.Whole(new MemoryStream(body)), Ring: pool.Ring.Open(new("assistant:prod"))),
            asked =>
            {
                var read = whole.Read(asked.Answering, asked.Ring, Dialect.Chat, time).AsTask();
                Assert.True(read.IsCompletedSuccessfully, "Nothing waits when the answer is there.");
                ((Screened.Deliverable)read.Result).Body!.Return();
            });

        output.WriteLine($"{used - (2 * text.Length)} bytes beside the text");
        Assert.InRange(used - (2 * text.Length), 1, BytesPerScreenedAnswer);
    }

    private static string Words(int length) => string.Concat(Enumerable.Repeat("The train leaves at nine. ", 1 + (length / 26)));

    private static ReleasePool Pool() => new(((ReleaseResult.Parsed)Release.Parse(
        "v7", """{"serving":{"model":"tiny","replicas":["http://127.0.0.1:1"]}}""")).Release, TimeProvider.System);

    private static long OfStream(int events)
    {
        var sse = Answers.Sse(Enumerable.Repeat("four words of text ", events));
        var streamed = new StreamedAnswer(new(), Nowhere.Guards);
        using var time = Time();
        time.Within(TimeSpan.FromMinutes(1));
        return Least(
            () =>
            {
                var http = new DefaultHttpContext();
                http.Response.Body = Stream.Null;
                _ = http.Response.BodyWriter.GetMemory(sse.Length); // Room for all of it is the server's, and there before.
                return (Answering: Received.Events(new CutStream(sse, [1000])), Sink: new AnswerSink(http.Response, 1));
            },
            asked => Assert.True(
                streamed.Relay(asked.Answering, ring: null, Dialect.Chat, asked.Sink, time).AsTask().IsCompletedSuccessfully, "Nothing waits when the stream is there."));
    }

    private static long Least(Action work) => Least(() => 0, _ => work());

    // The least of many runs: code is compiled and tables are made in the first.
    private static long Least<T>(Func<T> prepare, Action<T> work)
    {
        var least = long.MaxValue;
        for (var i = 0; i < 200; i++)
        {
            var prepared = prepare();
            var before = GC.GetAllocatedBytesForCurrentThread();
            work(prepared);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static RequestTime Time() => new(TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None);
}
