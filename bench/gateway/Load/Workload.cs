using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.GatewayBench.Load;

/// <summary>What is asked, again and again.</summary>
internal sealed class Workload
{
    private const int Digits = 5;

    private readonly byte[][] _requests;
    private readonly int _number;
    private readonly ushort[] _aliases;
    private int _next = -1;

    // Either requests, or one that names an alias, where its number is, and which aliases it names in turn.
    private Workload(byte[][] requests, bool isStream, ushort[]? aliases = null, int number = 0) =>
        (_requests, IsStream, _aliases, _number) = (requests, isStream, aliases ?? [], number);

    /// <summary>Whether the answers come in events.</summary>
    public bool IsStream { get; }

    /// <summary>The bytes of the next HTTP request.</summary>
    /// <param name="last">What the same connection was given last, which is written over; null at first.</param>
    /// <remarks>
    /// Requests to many aliases differ in a number alone. Ten thousand of them, kept, would be megabytes that push what a proxy knows out of
    /// the cache that both share.
    /// </remarks>
    public byte[] Next(byte[]? last)
    {
        if (_aliases.Length == 0)
        {
            return _requests.Length == 1 ? _requests[0] : _requests[(uint)Interlocked.Increment(ref _next) % _requests.Length];
        }

        last ??= [.. _requests[0]];
        var alias = _aliases[(uint)Interlocked.Increment(ref _next) % _aliases.Length];
        alias.TryFormat(last.AsSpan(_number, Digits), out _, $"D{Digits}", CultureInfo.InvariantCulture);
        return last;
    }

    /// <summary>An alias by its number, from 1 to 65,535.</summary>
    public static string AliasOf(int number) => $"assistant-{number.ToString($"D{Digits}", CultureInfo.InvariantCulture)}:prod";

    /// <summary>Where a proxy that looks at no model finds a tenant, by its number, from 1 to 65,535.</summary>
    public static string PathOf(int number) => $"/tenant-{number.ToString($"D{Digits}", CultureInfo.InvariantCulture)}";

    /// <summary>Chat requests to a model.</summary>
    public static Workload Chat(string model, bool stream = false, string headers = "") => new([Request(model, Conversation.Question, seed: null, stream, headers)], stream);

    /// <summary>Chat requests to the first so many aliases in turn.</summary>
    /// <param name="byPath">Whether the path names them, and not the model.</param>
    public static Workload InTurn(int aliases, bool byPath = false) => Chat([.. Enumerable.Range(1, aliases).Select(number => (ushort)number)], byPath);

    /// <summary>Chat requests to the first so many aliases, some of which are asked far more often: the nth most popular 1/n times as often as the first.</summary>
    /// <remarks>
    /// Zipf's law, by which the popularity of pages, functions and models is usually described; measured exponents are often a little below
    /// its 1 (Breslau et al., "Web caching and Zipf-like distributions", INFOCOM 1999).
    /// </remarks>
    public static Workload ByPopularity(int aliases, bool byPath = false)
    {
        var random = new Random(1);
        ushort[] ranked = [.. Enumerable.Range(1, aliases).Select(number => (ushort)number)];
        random.Shuffle(ranked); // What is popular was not made one after the other.
        var shares = new double[aliases];
        for (var (rank, sum) = (0, 0.0); rank < aliases; rank++)
        {
            shares[rank] = sum += 1.0 / (rank + 1);
        }

        return Chat([.. Enumerable.Range(0, 1 << 17).Select(_ => ranked[RankOf(random.NextDouble() * shares[^1])])], byPath);

        int RankOf(double share) => Array.BinarySearch(shares, share) is var found && found >= 0 ? found : ~found;
    }

    private static Workload Chat(ushort[] aliases, bool byPath)
    {
        var named = byPath ? PathOf(1) : AliasOf(1);
        var request = Request(byPath ? "bench" : named, Conversation.Question, seed: null, stream: false, headers: "", byPath ? named : "");
        return new([request], isStream: false, aliases, request.AsSpan().IndexOf(Encoding.ASCII.GetBytes(named)) + named.IndexOf('0'));
    }

    /// <summary>Chat requests with many questions in turn, which ask for as many answers by their seed.</summary>
    public static Workload Prose(string model) => new([.. Load.Prose.Texts.Select((text, i) => Request(model, text, i, stream: false, headers: ""))], isStream: false);

    private static byte[] Request(string model, string question, int? seed, bool stream, string headers, string path = "")
    {
        var asked = new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "system", ["content"] = Conversation.Prompt },
                new JsonObject { ["role"] = "user", ["content"] = question }),
            ["temperature"] = 0.2,
            ["stream"] = stream,
        };
        if (seed is { } number)
        {
            asked["seed"] = number;
        }

        var body = Encoding.UTF8.GetBytes(asked.ToJsonString(Conversation.AsSent));
        var head = $"POST {path}/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}" +
            $"Content-Length: {body.Length}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
