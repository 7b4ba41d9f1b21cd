using System.Text;
using Backstop.Gateway.Tests.Harness;
using Backstop.Gateway.Upstreams;
using CsCheck;

namespace Backstop.Gateway.Tests.Upstreams;

/// <summary>What the gateway reads in an answer's bytes, however they were cut, and beside what another HTTP client reads in them.</summary>
public sealed class AnswerStreamTests
{
    private static readonly Gen<string> Body = Gen.Char["{}\"abc,:\r\n é0"].Array[0, 60].Select(c => new string(c));

    private static readonly string[] SomeFields =
        ["Content-Type: application/json\r\n", "content-type:text/event-stream; charset=utf-8\r\n", "Server: x\r\nDate: never\r\n", "X-Empty:\r\n", "Retry-After: 7\r\n"];

    private static readonly Gen<string> Fields = Gen.Int[0, SomeFields.Length - 1].Select(i => SomeFields[i]).Array[0, 4].Select(string.Concat);

    private static readonly Gen<byte[]> Good = Gen.Select(Body, Fields, Gen.Int[0, 2], Gen.Int[1, 20]).Select((body, fields, how, chunk) => Written(body, fields, how, chunk));

    private static readonly Gen<int[]> Cuts = Gen.Int[1, 30].Array[1, 6];

    [Fact]
    public void An_answer_is_what_was_sent_however_its_bytes_were_cut() => Gen.Select(Body, Fields, Gen.Int[0, 2], Gen.Int[1, 20], Cuts).Sample(
        (body, fields, how, chunk, cuts) =>
        {
            var read = Ours(Written(body, fields, how, chunk), cuts);
            Assert.Equal((200, body), read);
        },
        iter: 5_000);

    /// <remarks>The other way round it need not be: the gateway refuses what leaves room for two readings.</remarks>
    [Fact]
    public void What_the_gateway_accepts_another_client_reads_the_same() => Gen.Select(Good, Gen.Select(Gen.Int[0, 400], Gen.Byte, Gen.Int[0, 2]).Array[0, 3], Cuts).Sample(
        (good, changes, cuts) =>
        {
            var bytes = Changed(good, changes);
            if (Ours(bytes, cuts) is { } read)
            {
                Assert.Equal(Theirs(bytes), read);
            }
        },
        iter: 5_000);

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")]
    [InlineData("HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 101 Switching\r\n\r\n")]
    public void What_could_be_read_in_two_ways_is_refused(string answer) => Assert.Null(Ours(Encoding.UTF8.GetBytes(answer), [1000]));

    [Fact]
    public void A_word_in_between_is_not_the_answer() => Assert.Equal(
        (200, "{}"), Ours("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray(), [7]));

    [Fact]
    public void What_a_server_says_while_it_refuses_to_read_on_is_heard()
    {
        var answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray();
        Assert.Equal((413, "{}"), Ours(new Line(answer, [1000]) { TakesNothing = true }));
        Assert.Null(Ours(new Line([], [1000]) { TakesNothing = true }));
    }

    private static byte[] Written(string body, string fields, int how, int chunk)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var head = $"HTTP/1.1 200 OK\r\n{fields}";
        return how switch
        {
            0 => [.. Encoding.UTF8.GetBytes($"{head}Content-Length: {bytes.Length}\r\n\r\n"), .. bytes],
            1 => [.. Encoding.UTF8.GetBytes($"{head}\r\n"), .. bytes],
            _ => [
                .. Encoding.UTF8.GetBytes($"{head}Transfer-Encoding: chunked\r\n\r\n"),
                .. bytes.Chunk(chunk).SelectMany(c => (byte[])[.. Encoding.UTF8.GetBytes($"{c.Length:x}{(chunk % 2 == 0 ? ";a=b" : "")}\r\n"), .. c, .. "\r\n"u8]),
                .. chunk % 3 == 0 ? "0\r\nTrailer: t\r\n\r\n"u8 : "0\r\n\r\n"u8,
            ],
        };
    }

    private static byte[] Changed(byte[] bytes, (int At, byte By, int How)[] changes)
    {
        List<byte> changed = [.. bytes];
        foreach (var (at, by, how) in changes)
        {
            var place = at % (changed.Count + 1);
            if (how == 0)
            {
                changed.Insert(place, by);
            }
            else if (place < changed.Count)
            {
                if (how == 1)
                {
                    changed.RemoveAt(place);
                }
                else
                {
                    changed[place] = by;
                }
            }
        }

        return [.. changed];
    }

    // Null when it is refused.
    private static (int Status, string Body)? Ours(byte[] bytes, int[] cuts) => Ours(new Line(bytes, cuts));

    private static (int Status, string Body)? Ours(Line line)
    {
        var to = new Destination("GET", new("http://a/"), []);
        var connection = new UpstreamConnection(line, new(to.Origin, TimeProvider.System));
        connection.Listen(TestContext.Current.CancellationToken);
        try
        {
            using var answer = connection.Ask(new(to, null, "1", "", ""), TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult();
            using var body = new MemoryStream();
            answer.Body.CopyToAsync(body, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            return (answer.Head.Status, Encoding.UTF8.GetString(body.ToArray()));
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static (int Status, string Body)? Theirs(byte[] bytes)
    {
        using var http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new Line(bytes, [1000])), AllowAutoRedirect = false, UseProxy = false, UseCookies = false,
        });
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, "http://a/");
            using var answer = http.SendAsync(message, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            return ((int)answer.StatusCode, Encoding.UTF8.GetString(answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult()));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return null;
        }
    }

    /// <summary>A connection: what is written goes nowhere, what is read comes in pieces.</summary>
    private sealed class Line(byte[] bytes, int[] cuts) : Stream
    {
        private readonly CutStream _read = new(bytes, cuts);

        /// <summary>Whether the other side reads nothing any more.</summary>
        public bool TakesNothing { get; init; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _read.ReadAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            TakesNothing ? ValueTask.FromException(new IOException("broken pipe")) : ValueTask.CompletedTask;
    }
}
