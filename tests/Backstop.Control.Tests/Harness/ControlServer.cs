using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Access;
using Backstop.Control.Hosting;
using Backstop.Control.Store;
using Backstop.Core.Notifications;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Tests.Harness;

/// <summary>The control plane as it is in production: real listeners, real silo, a real store: SQLite in a directory of its own, or the one it is given.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private readonly bool _ownsDirectory;
    private readonly WebApplication _app;

    private ControlServer(WebApplication app, string directory, bool ownsDirectory)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        (_app, Data, _ownsDirectory) = (app, directory, ownsDirectory);
        (Api, Fleet) = (new HttpClient { BaseAddress = new(addresses[0]) }, new Uri(addresses[1]));
    }

    public string Data { get; }

    public HttpClient Api { get; }

    public Uri Fleet { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ControlServer> Start(string? data = null, StoreAddress? store = null, OidcOptions? oidc = null, LogBook? log = null, params ImmutableArray<Destination> receivers)
    {
        var directory = data ?? Directory.CreateTempSubdirectory("backstop-control-").FullName;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.AddControl(new() { DataDirectory = directory, Store = store, Oidc = oidc, Receivers = receivers, RestInterval = TimeSpan.FromMilliseconds(500) });
        var app = builder.Build();
        app.MapControl();
        await app.StartAsync();
        return new(app, directory, data is null);
    }

    public async Task Register(string name, Uri replica, string model, string? key = null)
    {
        var manifest = new { serving = new { model, replicas = new[] { replica.ToString() } } };
        Assert.Equal(HttpStatusCode.Created, (await As(key, HttpMethod.Post, "releases", new { name, manifest })).Status);
    }

    public async Task CreateAlias(string name, string release, int leaseMs = 10_000) =>
        (await Api.PostAsJsonAsync("/api/v1/aliases", new { name, release, candidate_lease_ms = leaseMs })).EnsureSuccessStatusCode();

    public async Task<JsonNode> Get(string path) => JsonNode.Parse(await Api.GetStringAsync("/api/v1/" + path))!;

    public async Task<(HttpStatusCode Status, JsonNode Body)> Post(string path, object body)
    {
        using var response = await Api.PostAsJsonAsync("/api/v1/" + path, body);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    /// <summary>Makes a key with the one that is shown here, or with the one-time key while there is none.</summary>
    public async Task<string> NewKey(string name, string[] scopes, string[]? aliases = null, string? with = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/keys") { Content = JsonContent.Create(new { name, scopes, aliases = aliases ?? [] }) };
        request.Headers.Authorization = new("Bearer", with ?? Services.GetRequiredService<Doorkeeper>().OneTimeKey);
        using var response = await Api.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, body);
        return (string)JsonNode.Parse(body)!["key"]!;
    }

    /// <summary>Sends a request as whoever has this key; null sends none.</summary>
    public async Task<(HttpStatusCode Status, string Body)> As(string? key, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/" + path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = key is null ? null : new("Bearer", key);
        using var response = await Api.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public Task<JsonNode> RolloutReaches(string id, string status) =>
        Eventually.Is(() => Get($"rollouts/{id}"), rollout => (string)rollout["status"]! == status);

    /// <summary>Ends the server without its directory.</summary>
    public async Task Stop()
    {
        Api.Dispose();
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        if (_ownsDirectory)
        {
            Directory.Delete(Data, recursive: true);
        }
    }
}

/// <summary>Asks until the answer is right, or fails with the last answer.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    public static async Task<T> Is<T>(Func<Task<T>> ask, Func<T, bool> right)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        T answer;
        do
        {
            answer = await ask();
            if (right(answer))
            {
                return answer;
            }
        }
        while (TimeProvider.System.GetElapsedTime(started) < Deadline && await pace.WaitForNextTickAsync());

        throw new TimeoutException($"Still not right after {Deadline.TotalSeconds} s: {answer}");
    }
}
