using System.Text;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Tests.Harness;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>However the network and the model cut a stream, the caller reads the same, and nothing of what was blocked.</summary>
public sealed class StreamedAnswerTests
{
    private static readonly ReleasePool Pool = new(((ReleaseResult.Parsed)Release.Parse(
        "v7", """{"serving":{"model":"tiny","replicas":["http://127.0.0.1:1"]}}""")).Release, TimeProvider.System);

    private static readonly string[] Pieces =
    [
        "The sum is nine. ", "Write to ann@example.com now. ", "4111 1111 1111 1111", "ann@", "example.org ", "😀é\n", " ", "\"", "No. ",
        string.Concat(Enumerable.Repeat("It is a long story about the number nine. ", 12)), Answers.Toxic + " ",
    ];

    // A piece that is longer than 64 characters may be rewritten, and one is longer by a character where it would end within a surrogate pair.
    private const int LongestShort = 63;

    private static readonly string[] Clean =
    [
        "The sum is nine. ", "\n", " ", "😀é\n", "\"", "No. ", "Is it? ", "- a list\n- of two\n", "\\ and \t", "3.14 is less than 22/7, ",
        string.Concat(Enumerable.Repeat("It is a long story about the number nine. ", 12)),
    ];

    private static readonly Gen<string> Text = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 6].Select(string.Concat);

    [Fact]
    public async Task Bytes_may_be_cut_anywhere_and_the_caller_gets_the_same_bytes() =>
        await Gen.Select(Text, Gen.Int[1, 40], Gen.Int[1, 60].Array[1, 40], Gen.Bool).SampleAsync(async (text, size, cuts, windows) =>
        {
            var sse = Answers.Sse(Answers.Pieces(text, size));
            sse = windows ? Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(sse).Replace("\n", "\r\n", StringComparison.Ordinal)) : sse;
            var (whole, screened) = await Relay(sse, [sse.Length]);
            var (cut, same) = await Relay(sse, cuts);

            return whole.Body == cut.Body && screened.GetType() == same.GetType() && screened.Outcome == same.Outcome;
        }, iter: 300);

    [Fact]
    public async Task Words_may_be_cut_anywhere_and_the_caller_reads_the_same_text() =>
        await Gen.Select(Text, Gen.Int[1, 60], Gen.Int[1, 60]).SampleAsync(async (text, one, other) =>
        {
            var (a, first) = await Relay(Answers.Sse(Answers.Pieces(text, one)), [int.MaxValue]);
            var (b, second) = await Relay(Answers.Sse(Answers.Pieces(text, other)), [int.MaxValue]);

            // What was released before a block may differ; that is the next property's business.
            return first.GetType() == second.GetType() && (first is Screened.Blocked || a.StreamedText == b.StreamedText);
        }, iter: 300);

    [Fact]
    public async Task A_stream_in_which_nothing_is_found_passes_byte_by_byte() =>
        await Gen.Select(Gen.Int[0, Clean.Length - 1].Select(i => Clean[i]).Array[0, 8].Select(string.Concat), Gen.Int[1, LongestShort], Gen.Int[1, 60].Array[1, 40])
            .SampleAsync(async (text, size, cuts) =>
            {
                var sse = Answers.Sse(Answers.Pieces(text, size));
                var (reply, _) = await Relay(sse, cuts);
                return reply.Body == Encoding.UTF8.GetString(sse);
            }, iter: 300);

    [Fact]
    public async Task A_long_piece_does_not_wait_for_the_end_of_its_last_sentence()
    {
        var (sse, story) = (Answers.Sse([Answers.Story + "And ten"], ends: false), Answers.Story);
        var (reply, screened) = await Relay(sse, [int.MaxValue]);

        Assert.IsType<Screened.Failed>(screened); // It has no end, and what may leave has left.
        Assert.StartsWith(reply.StreamedText, story + "And ten", StringComparison.Ordinal);
        Assert.InRange(reply.StreamedText.Length, story.Length / 2, story.Length);
    }

    [Fact]
    public async Task No_character_of_a_blocked_sentence_is_released() =>
        await Gen.Select(Text, Text, Gen.Int[1, 60]).SampleAsync(async (before, after, size) =>
        {
            // A sentence of its own: whether one is seen that hides behind other words in the same line is the classifier's business.
            var text = before + "\n" + Answers.Toxic + " " + after;
            var (reply, screened) = await Relay(Answers.Sse(Answers.Pieces(text, size)), [int.MaxValue]);
            var safe = text[..text.IndexOf(Answers.Toxic, StringComparison.Ordinal)];
            var whole = Pool.Ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output(safe)).FixedText ?? safe;

            return screened is Screened.Blocked && whole.StartsWith(reply.StreamedText, StringComparison.Ordinal)
                && !reply.Body.Contains("idiot", StringComparison.Ordinal);
        }, iter: 300);

    [Fact]
    public async Task A_stream_cut_off_at_any_byte_is_never_passed_off_as_whole()
    {
        var sse = Answers.Sse(Answers.Pieces("The sum is nine. Write to ann@example.com now. Goodbye.", 9));
        var ending = Encoding.UTF8.GetString(sse).IndexOf("\"finish_reason\":\"stop\"", StringComparison.Ordinal);
        var endOfEnding = sse.AsSpan(ending).IndexOf("\n\n"u8) + ending + 2;
        for (var length = 0; length < sse.Length; length++)
        {
            var (reply, screened) = await Relay(sse[..length], [int.MaxValue]);
            if (length < endOfEnding)
            {
                Assert.IsType<Screened.Failed>(screened);
                Assert.True(reply.Body.Length == 0 || reply.Events[^1].Contains("upstream_error", StringComparison.Ordinal), reply.Body);
                Assert.Null(reply.FinishReason);
            }
            else
            {
                Assert.IsType<Screened.Deliverable>(screened);
                Assert.Equal("stop", reply.FinishReason);
            }

            Assert.DoesNotContain("ann@", reply.Body, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_one_choice_holds_back_does_not_cost_the_other_its_words()
    {
        var events = new StringBuilder();
        foreach (var (first, second) in new[] { ("Ask ann@exam", "Nine "), ("ple.com", "is "), (" now.", "right.") })
        {
            events.Append($$$"""data: {"choices":[{"index":0,"delta":{"content":"{{{first}}}"}},{"index":1,"delta":{"content":"{{{second}}}"}}]}""").Append("\n\n");
        }

        events.Append("""data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"}]}""").Append("\n\n");
        var (reply, _) = await Relay(Encoding.UTF8.GetBytes(events + "data: [DONE]\n\n"), [int.MaxValue]);

        Assert.Equal("Ask [EMAIL_ADDRESS] now.", TextOf(reply, 0));
        Assert.Equal("Nine is right.", TextOf(reply, 1));
    }

    [Fact]
    public async Task What_is_not_text_reaches_the_caller_beside_a_text_that_was_changed()
    {
        const string Sse = """
            data: {"id":"1","choices":[{"index":0,"delta":{"role":"assistant","content":"Ask ann@example.com."}}]}

            data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: {"id":"1","choices":[],"usage":{"total_tokens":5}}

            data: [DONE]


            """;
        var (reply, _) = await Relay(Encoding.UTF8.GetBytes(Sse), [int.MaxValue]);

        Assert.Equal("Ask [EMAIL_ADDRESS].", reply.StreamedText);
        Assert.Contains("\"role\":\"assistant\"", reply.Body, StringComparison.Ordinal);
        Assert.Contains("\"total_tokens\":5", reply.Body, StringComparison.Ordinal);
        Assert.Equal("[DONE]", reply.Events[^1]);
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\",\"content\":\"y\"}}]}\n\n")]
    [InlineData("data: {\"choices\":[]}\ndata: {\"choices\":[]}\n\n")]
    [InlineData("event: x\rdata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"You are a worthless idiot.\"}}]} {\n\n")]
    [InlineData("data: {\"choices\":[]} trailing\n\n")]
    public async Task An_event_that_two_readers_could_read_differently_ends_the_stream(string sse)
    {
        var (reply, screened) = await Relay(Encoding.UTF8.GetBytes(sse), [int.MaxValue]);

        Assert.IsType<Screened.Failed>(screened);
        Assert.Empty(reply.Body);
    }

    private static string TextOf(Reply reply, int choice) => string.Concat(
        reply.Events.Where(e => e != "[DONE]").SelectMany(e => System.Text.Json.Nodes.JsonNode.Parse(e)!["choices"]!.AsArray())
            .Where(c => (int)c!["index"]! == choice).Select(c => (string?)c!["delta"]!["content"]));

    private static async Task<(Reply Reply, Screened Screened)> Relay(byte[] sse, int[] cuts)
    {
        var http = new DefaultHttpContext();
        var body = new MemoryStream();
        http.Response.Body = body;
        var time = new RequestTime(TimeSpan.FromMinutes(5), TimeProvider.System, CancellationToken.None);
        var screened = await new StreamedAnswer(new(), Nowhere.Guards).Relay(
            Received.Events(new CutStream(sse, cuts)), Pool.Ring.Open(RingContext.None), Dialect.Chat, new(http.Response, 1), time);
        await http.Response.CompleteAsync();
        return (new(System.Net.HttpStatusCode.OK, Encoding.UTF8.GetString(body.ToArray()), new Dictionary<string, string>()), screened);
    }
}
