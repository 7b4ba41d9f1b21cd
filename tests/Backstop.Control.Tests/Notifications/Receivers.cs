using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Tests.Notifications;

/// <summary>The outside world: receivers that take what the real ones take, and refuse the rest as they do.</summary>
internal sealed class Receivers : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Receivers(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>What was taken, by path.</summary>
    public ConcurrentQueue<(string Path, JsonNode Body)> Taken { get; } = new();

    /// <summary>The ids of the signed messages that were taken, in order.</summary>
    public ConcurrentQueue<string> Ids { get; } = new();

    /// <summary>So many requests are answered 503 first.</summary>
    public int Away { get; set; }

    public static async Task<Receivers> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var receivers = new Receivers(app);
        app.MapPost("/{**path}", (Delegate)receivers.Take);
        await app.StartAsync();
        return receivers;
    }

    public IEnumerable<JsonNode> At(string path) => Taken.Where(t => t.Path == path).Select(t => t.Body);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> Take(HttpContext context)
    {
        if (Away > 0)
        {
            Away--;
            return Results.StatusCode(503);
        }

        var (path, text) = (context.Request.Path.Value!, await new StreamReader(context.Request.Body).ReadToEndAsync());
        var body = JsonNode.Parse(text)!;
        var flaw = path switch
        {
            "/v2/enqueue" => PagerDuty(body),
            "/v2/change/enqueue" => Text(body, "routing_key") is { Length: 32 } && Text(body["payload"], "summary") is { Length: > 0 and <= 1024 } ? null : "Event object is invalid",
            "/api/v2/alerts" => Alertmanager(body),
            "/slack" => Slack(body),
            "/teams" => Teams(body),
            "/hook" => Signature(context.Request.Headers, text),
            _ => "no such receiver",
        };
        if (flaw is not null)
        {
            return Results.Json(new { status = "invalid event", errors = new[] { flaw } }, statusCode: 400);
        }

        if (context.Request.Headers["webhook-id"] is [{ } id])
        {
            Ids.Enqueue(id);
        }

        Taken.Enqueue((path, body));
        return path.StartsWith("/v2", StringComparison.Ordinal) ? Results.Json(new { status = "success", message = "Event processed" }, statusCode: 202) : Results.Text("ok");
    }

    private static string? Text(JsonNode? node, string member) => (node as JsonObject)?[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    // Events API v2: required members, lengths, and the words that are allowed.
    private static string? PagerDuty(JsonNode body)
    {
        var payload = body["payload"];
        return Text(body, "routing_key") is not { Length: 32 } ? "Length of 'routing_key' is incorrect (should be 32 characters)"
            : Text(body, "event_action") is not ("trigger" or "acknowledge" or "resolve") ? "'event_action' is invalid"
            : Text(body, "dedup_key") is not { Length: > 0 and <= 255 } ? "'dedup_key' is missing or too long"
            : Text(body, "event_action") != "trigger" ? null
            : Text(payload, "summary") is not { Length: > 0 and <= 1024 } ? "'payload.summary' is missing or too long"
            : Text(payload, "source") is not { Length: > 0 } ? "'payload.source' is missing"
            : Text(payload, "severity") is not ("critical" or "error" or "warning" or "info") ? "'payload.severity' is invalid"
            : DateTimeOffset.TryParse(Text(payload, "timestamp"), CultureInfo.InvariantCulture, out _) ? null : "'payload.timestamp' is invalid";
    }

    // API v2, postableAlerts: labels are texts, one of them there at least, and times are RFC 3339.
    private static string? Alertmanager(JsonNode body) => body is JsonArray { Count: > 0 } alerts && alerts.All(alert =>
        alert!["labels"] is JsonObject { Count: > 0 } labels && labels.All(l => l.Value is JsonValue v && v.TryGetValue<string>(out _))
        && alert["annotations"] is JsonObject notes && notes.All(l => l.Value is JsonValue v && v.TryGetValue<string>(out _))
        && DateTimeOffset.TryParse(Text(alert, "startsAt"), CultureInfo.InvariantCulture, out var from)
        && DateTimeOffset.TryParse(Text(alert, "endsAt"), CultureInfo.InvariantCulture, out var to) && from <= to) ? null : "bad alert";

    private static string? Slack(JsonNode body) => Text(body, "text") is { Length: > 0 } && (body["blocks"] is not JsonArray blocks
        || (blocks.Count <= 50 && blocks.All(b => Text(b, "type") == "section" && Text(b!["text"], "type") == "mrkdwn" && Text(b["text"], "text") is { Length: > 0 and <= 3000 }))) ? null : "invalid_blocks";

    private static string? Teams(JsonNode body) => Text(body, "type") == "message" && body["attachments"] is JsonArray { Count: 1 } cards
        && Text(cards[0], "contentType") == "application/vnd.microsoft.card.adaptive" && Text(cards[0]!["content"], "type") == "AdaptiveCard"
        && Text(cards[0]!["content"], "version") is { } version && Version.Parse(version) <= new Version(1, 5)
        && cards[0]!["content"]!["body"] is JsonArray { Count: > 0 } elements && elements.All(e => Text(e, "type") is "TextBlock" or "FactSet") ? null : "bad card";

    // Standard Webhooks.
    private static string? Signature(IHeaderDictionary headers, string body)
    {
        var signed = $"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.{body}";
        var expected = Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(NotifierTests.HookSecret["whsec_".Length..]), Encoding.UTF8.GetBytes(signed)));
        return headers["webhook-signature"].ToString().Split(' ').Contains($"v1,{expected}", StringComparer.Ordinal) ? null : "bad signature";
    }
}

/// <summary>A mail server that takes letters (RFC 5321, without extensions).</summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public MailServer()
    {
        _listener.Start();
        _serving = Serve();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<(string To, string Letter)> Letters { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                using var reader = new StreamReader(client.GetStream());
                await using var writer = new StreamWriter(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
                await Talk(reader, writer);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Talk(StreamReader reader, StreamWriter writer)
    {
        var to = "";
        await writer.WriteLineAsync("220 test");
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            if (line.StartsWith("DATA", StringComparison.OrdinalIgnoreCase))
            {
                await writer.WriteLineAsync("354 go on");
                var letter = new StringBuilder();
                while (await reader.ReadLineAsync(_stop.Token) is { } text and not ".")
                {
                    letter.AppendLine(text);
                }

                Letters.Enqueue((to, letter.ToString()));
            }

            to = line.StartsWith("RCPT", StringComparison.OrdinalIgnoreCase) ? line : to;
            await writer.WriteLineAsync(line.StartsWith("QUIT", StringComparison.OrdinalIgnoreCase) ? "221 bye" : "250 ok");
        }
    }
}
