using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>A model server that answers as it is told and remembers what it was asked.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<string> _bodies = new();
    private readonly ConcurrentQueue<string> _requestIds = new();
    private readonly ConcurrentQueue<string> _keys = new();
    private readonly ConcurrentQueue<string> _targets = new();

    private ModelServer(WebApplication app) => _app = app;

    public RequestDelegate Answer { get; set; } = Answers.Chat("Hello.");

    public Uri Address => new(_app.Urls.Single().Replace("https://127.0.0.1", "https://localhost", StringComparison.Ordinal));

    /// <summary>The bodies that came, in order.</summary>
    public string[] Asked => [.. _bodies];

    public string[] RequestIds => [.. _requestIds];

    /// <summary>The <c>Authorization</c> of every request, in order; empty where there was none.</summary>
    public string[] Keys => [.. _keys];

    /// <summary>Method and address of every request, in order, as they were written.</summary>
    public string[] Targets => [.. _targets];

    /// <param name="certificate">What it shows who asks it over TLS; null where it is asked without.</param>
    public static async Task<ModelServer> Start(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                if (certificate is not null)
                {
                    listener.UseHttps(certificate);
                }
            });
        });
        var app = builder.Build();
        var server = new ModelServer(app);
        app.Run(server.Take);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task Take(HttpContext http)
    {
        var body = await Answers.Body(http);
        _bodies.Enqueue(body);
        _targets.Enqueue($"{http.Request.Method} {http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}");
        _requestIds.Enqueue(http.Request.Headers["x-request-id"].ToString());
        _keys.Enqueue(http.Request.Headers.Authorization.ToString());
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        await Answer(http);
    }
}
