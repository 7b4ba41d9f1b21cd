using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.GatewayBench.Load;

namespace Backstop.GatewayBench.Servers;

/// <summary>A model server that costs next to nothing: it finds the end of a request and sends bytes that were made beforehand.</summary>
internal sealed class ModelServer : IDisposable
{
    private static readonly byte[] Whole = Answer(Conversation.Answer);

    // The answer to a question is the text after it.
    private static readonly Lazy<byte[][]> Many = new(() => [.. Prose.Texts.Skip(1).Append(Prose.Texts[0]).Select(Answer)]);

    private static readonly byte[] StreamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray();

    private static ReadOnlySpan<byte> Seed => "\"seed\":"u8;

    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly TimeSpan _gap;
    private readonly byte[][] _pieces;
    private readonly byte[] _begin;
    private readonly byte[] _rest;

    /// <param name="gap">Between two events of a stream; zero when all but the first come together.</param>
    /// <param name="events">How many events a stream has about.</param>
    public ModelServer(TimeSpan gap, int events = 20)
    {
        _gap = gap;
        _pieces = [.. Pieces(events).Select(Chunk), "0\r\n\r\n"u8.ToArray()];
        (_begin, _rest) = ([.. StreamHead, .. _pieces[0]], [.. _pieces[1..].SelectMany(piece => piece)]);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(8192);
        _ = Accept();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Events in a stream.</summary>
    public int Events => _pieces.Length - 1;

    public void Dispose() => _listener.Dispose();

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptAsync();
                socket.NoDelay = true;
                _ = Serve(socket);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task Serve(Socket socket)
    {
        var buffer = new byte[32 * 1024];
        var length = 0;
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(length)) is var read and > 0)
            {
                length += read;
                if (IsWhole(buffer.AsSpan(0, length)))
                {
                    var whole = AnswerTo(buffer.AsSpan(0, length));
                    var streams = buffer.AsSpan(0, length).IndexOf("\"stream\":true"u8) >= 0;
                    length = 0;
                    await (streams ? Stream(socket) : Send(socket, whole));
                }
            }
        }
        catch (SocketException)
        {
            // The proxy ended it.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private async ValueTask Stream(Socket socket)
    {
        await Send(socket, _begin);
        if (_gap == TimeSpan.Zero)
        {
            await Send(socket, _rest);
            return;
        }

        foreach (var piece in _pieces[1..])
        {
            await Task.Delay(_gap);
            await Send(socket, piece);
        }
    }

    private static async ValueTask Send(Socket socket, byte[] bytes) => await socket.SendAsync(bytes);

    private static byte[] AnswerTo(ReadOnlySpan<byte> request)
    {
        var seed = request.LastIndexOf(Seed);
        return seed >= 0 && Utf8Parser.TryParse(request[(seed + Seed.Length)..], out int number, out _) ? Many.Value[number] : Whole;
    }

    private static bool IsWhole(ReadOnlySpan<byte> request)
    {
        var headers = request.IndexOf("\r\n\r\n"u8);
        if (headers < 0)
        {
            return false;
        }

        // Proxies write the name as they like.
        var head = Encoding.ASCII.GetString(request[..headers]);
        const string Length = "\r\nContent-Length: ";
        var at = head.IndexOf(Length, StringComparison.OrdinalIgnoreCase) + Length.Length;
        var value = head.AsSpan(at);
        return request.Length - headers - 4 >= int.Parse(value.IndexOf('\r') is var end and >= 0 ? value[..end] : value);
    }

    private static IEnumerable<string> Pieces(int events)
    {
        var words = Conversation.Answer.Split(' ');
        foreach (var chunk in words.Chunk((words.Length / events) + 1))
        {
            yield return Event($"{string.Join(' ', chunk)} ", finish: null);
        }

        yield return Event("", "stop") + "data: [DONE]\n\n";
    }

    private static string Event(string text, string? finish) => "data: " + new JsonObject
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion.chunk",
        ["created"] = 1_700_000_000,
        ["model"] = "bench",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["delta"] = new JsonObject { ["content"] = text },
            ["finish_reason"] = finish,
        }),
    }.ToJsonString(Conversation.AsSent) + "\n\n";

    private static byte[] Answer(string text) => Http(
        "application/json", "",
        new JsonObject
        {
            ["id"] = "chatcmpl-1",
            ["object"] = "chat.completion",
            ["created"] = 1_700_000_000,
            ["model"] = "bench",
            ["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
                ["finish_reason"] = "stop",
            }),
            ["usage"] = new JsonObject { ["prompt_tokens"] = 180, ["completion_tokens"] = 170, ["total_tokens"] = 350 },
        }.ToJsonString(Conversation.AsSent));

    private static byte[] Chunk(string text) => Encoding.UTF8.GetBytes($"{text.Length:x}\r\n{text}\r\n");

    private static byte[] Http(string type, string headers, string body) =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
}
