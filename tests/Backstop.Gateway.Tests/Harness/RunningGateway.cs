using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>The gateway as a host runs it: its own listener, its own folder, the real fleet stream.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly bool _ownsData;
    private bool _stopped;
    private int _requests;

    private RunningGateway(WebApplication app, string data, bool ownsData, LogBook log)
    {
        (_app, Data, _ownsData, Log) = (app, data, ownsData, log);
        Http = new() { BaseAddress = new(app.Urls.Single()), Timeout = TimeSpan.FromSeconds(60) };
    }

    public HttpClient Http { get; }

    public string Data { get; }

    public LogBook Log { get; }

    public static async Task<RunningGateway> Start(Uri control, Action<GatewayOptions>? configure = null, string? data = null, TimeProvider? time = null)
    {
        var folder = data ?? Directory.CreateTempSubdirectory("backstop-gateway-").FullName;
        var options = new GatewayOptions
        {
            GatewayId = "gateway-1",
            Control = [new(control)],
            DataDirectory = folder,
            BatchInterval = TimeSpan.FromMilliseconds(100),
            AnswerDeadline = TimeSpan.FromMinutes(5),
            DrainDelay = TimeSpan.Zero,
            WarmUp = TimeSpan.Zero,
        };
        configure?.Invoke(options);
        var log = new LogBook();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddGateway(options);
        var app = builder.Build();
        app.MapGateway();
        await app.StartAsync();
        return new(app, folder, data is null, log);
    }

    /// <summary>Shows a key from now on.</summary>
    public RunningGateway With(string key)
    {
        Http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return this;
    }

    /// <summary>Sends a chat request with one user message.</summary>
    public Task<Reply> Chat(string text, bool stream = false, string alias = SmallFleet.Alias, string? id = null) =>
        Post(Request(text, stream, alias).ToJsonString(), id: id);

    public static JsonObject Request(string text, bool stream = false, string alias = SmallFleet.Alias) => new()
    {
        ["model"] = alias,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
        ["stream"] = stream,
    };

    public Task<Reply> Post(string body, string path = "/v1/chat/completions", string? id = null, string? unit = null) =>
        Post(Encoding.UTF8.GetBytes(body), path, id, unit);

    public async Task<Reply> Post(byte[] body, string path = "/v1/chat/completions", string? id = null, string? unit = null)
    {
        // Ids of our own, so that who is assigned to which release is the same in every run. The empty id sends none.
        using var response = await Http.SendAsync(
            Message(body, path, id ?? $"request-{Interlocked.Increment(ref _requests)}", unit), TestContext.Current.CancellationToken);
        return await Reply.Of(response);
    }

    /// <summary>Sends a chat request with headers of its own.</summary>
    public async Task<Reply> ChatWith(string text, params (string Name, string Value)[] headers)
    {
        using var message = Message(Encoding.UTF8.GetBytes(Request(text).ToJsonString()), "/v1/chat/completions", null, null);
        foreach (var (name, value) in headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(message, TestContext.Current.CancellationToken);
        return await Reply.Of(response);
    }

    /// <summary>Sends a request and returns when the answer's headers are there.</summary>
    public Task<HttpResponseMessage> Begin(string body, string? id, CancellationToken cancel, string path = "/v1/chat/completions") =>
        Http.SendAsync(Message(Encoding.UTF8.GetBytes(body), path, id, null), HttpCompletionOption.ResponseHeadersRead, cancel);

    public Task<Reply> Feedback(string id, bool correct) =>
        Post(new JsonObject { ["request_id"] = id, ["correct"] = correct }.ToJsonString(), "/v1/feedback");

    /// <summary>Stops as a host is stopped: requests first, then the fleet stream.</summary>
    public async Task Stop()
    {
        if (!_stopped)
        {
            _stopped = true;
            await _app.StopAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_stopped)
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await _app.StopAsync(soon.Token);
        }

        await _app.DisposeAsync();
        if (_ownsData)
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    private static HttpRequestMessage Message(byte[] body, string path, string? id, string? unit)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        message.Content.Headers.ContentType = new("application/json");
        if (!string.IsNullOrEmpty(id))
        {
            message.Headers.Add("x-request-id", id);
        }

        if (unit is not null)
        {
            message.Headers.Add("x-backstop-unit", unit);
        }

        return message;
    }
}
