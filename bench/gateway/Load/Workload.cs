using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.GatewayBench.Load;

/// <summary>What is asked, again and again.</summary>
/// <param name="Requests">The bytes of HTTP requests that are sent in turn.</param>
/// <param name="IsStream">Whether the answers come in events.</param>
internal sealed record Workload(byte[][] Requests, bool IsStream)
{
    // Sentences as people write them, about 1 KB together: checks may not take a shortcut that real texts do not give them.
    private const string Question =
        "I am planning a trip to the mountains in early spring with my two children, who are seven and ten years old. We would like " +
        "to walk for three or four hours a day, sleep in huts or small inns, and never carry more than a light backpack. Last year we " +
        "went to the lakes and it rained for most of the week, so this time we would rather pay a little more and have a plan for bad " +
        "weather. Could you suggest a route for five days, with the distance and the climb of each day, and tell me what we should take " +
        "with us? Please mention where we can buy food on the way, because the younger one does not eat cheese or mushrooms. We are " +
        "arriving by train on a Saturday and must be back at the station on Thursday afternoon.";

    private int _next = -1;

    /// <summary>The bytes of the next request.</summary>
    public byte[] Next() => Requests.Length == 1 ? Requests[0] : Requests[(uint)Interlocked.Increment(ref _next) % Requests.Length];

    /// <summary>Chat requests to a model, or to aliases in turn.</summary>
    public static Workload Chat(IEnumerable<string> models, bool stream = false, string headers = "") => new([.. models.Select(m => Request(m, stream, headers))], stream);

    public static Workload Chat(string model, bool stream = false, string headers = "") => Chat([model], stream, headers);

    private static byte[] Request(string model, bool stream, string headers)
    {
        var body = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["model"] = model,
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "system", ["content"] = "You answer questions of travellers, in a friendly way and at length." },
                new JsonObject { ["role"] = "user", ["content"] = Question }),
            ["temperature"] = 0.2,
            ["stream"] = stream,
        }.ToJsonString());
        var head = $"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{headers}" +
            $"Content-Length: {body.Length}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }
}
