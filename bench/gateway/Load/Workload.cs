using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.GatewayBench.Load;

/// <summary>What is asked, again and again.</summary>
/// <param name="Requests">The bytes of HTTP requests that are sent in turn.</param>
/// <param name="IsStream">Whether the answers come in events.</param>
internal sealed record Workload(byte[][] Requests, bool IsStream)
{
    private int _next = -1;

    /// <summary>The bytes of the next request.</summary>
    public byte[] Next() => Requests.Length == 1 ? Requests[0] : Requests[(uint)Interlocked.Increment(ref _next) % Requests.Length];

    /// <summary>Chat requests to a model, or to aliases in turn.</summary>
    public static Workload Chat(IEnumerable<string> models, bool stream = false, string headers = "") => new([.. models.Select(m => Request(m, stream, headers))], stream);

    public static Workload Chat(string model, bool stream = false, string headers = "") => Chat([model], stream, headers);

    /// <summary>Chat requests with many questions in turn, which ask for as many answers by their seed.</summary>
    public static Workload Prose(string model) => new([.. Load.Prose.Texts.Select((text, i) => Request(model, text, i, stream: false, headers: ""))], IsStream: false);

    private static byte[] Request(string model, bool stream, string headers) => Request(model, Conversation.Question, seed: null, stream, headers);

    private static byte[] Request(string model, string question, int? seed, bool stream, string headers)
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
        var head = $"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}" +
            $"Content-Length: {body.Length}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
