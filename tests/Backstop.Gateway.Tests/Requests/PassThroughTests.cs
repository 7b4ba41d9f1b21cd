using System.Text;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Tests.Harness;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>Where no check looks at an answer it is only glanced at, and every byte of it passes as it came, however it came.</summary>
public sealed class PassThroughTests
{
    private const string NoChecks = """{"guard_policy":{"apiVersion":"backstop/v1","name":"none","stages":{}}}""";

    // As odd as JSON may be: spaces, escapes, big numbers, a member twice, fields nobody knows.
    private const string Odd =
        "{ \"choices\" : [ {\"index\":0,\"finish_reason\":\"stop\" ,\n \"logprobs\":{\"content\":[{\"token\":\"é\",\"logprob\":-1e-30,\"bytes\":null}]}," +
        " \"message\":{\"role\":\"assistant\",\"content\":\"a\\u0062\\/\",\"content\":\"ann@example.com\", \"x\":[ ]}},{\"message\":{}} ],\"usage\":1.50 } \n";

    private static readonly byte[] Events = Encoding.UTF8.GetBytes(
        ": waking up\n\n" +
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\r\n\r\n" +
        "event: x\nid: 7\ndata:  {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ann@example.com é\"},\"logprobs\":{\"content\":[]}}]}\n\n" +
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"\"}}]}}],\ndata: \"new\":[1]}\n\n" +
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" +
        "data: {\"choices\":[],\"usage\":{\"total_tokens\":5}}\n\ndata: [DONE]\n\n");

    [Fact]
    public async Task An_answer_passes_byte_for_byte_however_the_network_cut_it() =>
        await Gen.Int[1, 40].Array[1, 8].SampleAsync(async cuts =>
        {
            var expected = Encoding.UTF8.GetBytes(Odd);
            var answer = await Whole(expected, cuts);
            return answer is Screened.Deliverable { Body: { } body } && body.Memory.Span.SequenceEqual(expected);
        }, iter: 300);

    [Fact]
    public async Task A_stream_passes_byte_for_byte_however_the_network_cut_it() =>
        await Gen.Int[1, 40].Array[1, 8].SampleAsync(async cuts =>
        {
            var (bytes, answer) = await Streamed(Events, cuts);
            return answer is Screened.Deliverable && bytes.AsSpan().SequenceEqual(Events);
        }, iter: 300);

    [Fact]
    public async Task A_stream_that_ends_too_soon_fails_wherever_that_is()
    {
        var ended = Encoding.UTF8.GetString(Events).IndexOf("\"stop\"}]}\n\n", StringComparison.Ordinal) + "\"stop\"}]}\n\n".Length;
        for (var length = 0; length < ended; length++)
        {
            var (bytes, answer) = await Streamed(Events[..length], [int.MaxValue]);
            Assert.IsType<Screened.Failed>(answer);
            Assert.True(bytes.Length == 0 || Encoding.UTF8.GetString(bytes).EndsWith("}}\n\n", StringComparison.Ordinal), "The error is the last event.");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("{\"error\":{\"message\":\"quota\"}}")]
    [InlineData("{\"choices\":{}}")]
    [InlineData("{\"choices\":[1]}")]
    [InlineData("{\"choices\":[{\"message\":\"hi\"}]}")]
    [InlineData("{\"choices\":[{\"text\":\"hi\"}]}")]
    [InlineData("{\"choices\":[]")]
    [InlineData("{\"choices\":[]}{}")]
    public async Task What_is_no_answer_is_the_release_s_failure_though_no_check_looks(string body) =>
        Assert.IsType<Screened.Failed>(await Whole(Encoding.UTF8.GetBytes(body), [int.MaxValue]));

    [Theory]
    [InlineData("data: {\"error\":{\"message\":\"quota\"}}\n\n")]
    [InlineData("data: [1]\n\n")]
    [InlineData("data: {\"choices\":[7]}\n\n")]
    [InlineData("data: {\"choices\":[]} more\n\n")]
    public async Task An_event_that_is_none_ends_the_stream_though_no_check_looks(string sse)
    {
        var (bytes, answer) = await Streamed(Encoding.UTF8.GetBytes(sse), [int.MaxValue]);

        Assert.IsType<Screened.Failed>(answer);
        Assert.Empty(bytes);
    }

    [Fact]
    public async Task Through_the_gateway_the_caller_reads_what_the_model_server_wrote()
    {
        await using var fleet = await SmallFleet.Start(manifest: NoChecks);
        fleet.Seven.Answer = Answers.Json(200, Odd);
        Assert.Equal(Odd, (await fleet.Gateway.Chat("Hello?")).Body);

        fleet.Seven.Answer = Answers.Stream([.. Events.Chunk(50)]);
        Assert.Equal(Encoding.UTF8.GetString(Events), (await fleet.Gateway.Chat("Hello?", stream: true)).Body);
    }

    [Fact]
    public async Task A_release_that_fails_before_it_says_anything_is_replaced_though_no_check_looks()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted, NoChecks);
        fleet.Eight.Answer = Answers.Stream(Answers.Sse([], ends: false), "data: {\"error\":{}}\n\n"u8.ToArray());
        fleet.Seven.Answer = Answers.Chat("Nine.");

        Assert.Equal("Nine.", (await fleet.Gateway.Chat("Hello?", stream: true)).StreamedText);
    }

    private static async Task<Screened> Whole(byte[] body, int[] cuts)
    {
        using var time = Time();
        return await new WholeAnswer(new(), Nowhere.Guards).Read(Received.Whole(new CutStream(body, cuts)), ring: null, Dialect.Chat, time);
    }

    private static async Task<(byte[] Bytes, Screened Answer)> Streamed(byte[] sse, int[] cuts)
    {
        var http = new DefaultHttpContext();
        var body = new MemoryStream();
        http.Response.Body = body;
        using var time = Time();
        var answer = await new StreamedAnswer(new(), Nowhere.Guards).Relay(Received.Events(new CutStream(sse, cuts)), ring: null, Dialect.Chat, new(http.Response, 1), time);
        await http.Response.CompleteAsync();
        return (body.ToArray(), answer);
    }

    private static RequestTime Time() => new(TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None);
}
