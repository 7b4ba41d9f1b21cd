using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Tests.Harness;

/// <summary>The outside world: a model server that answers every chat request.</summary>
internal sealed class ModelServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ModelServer(WebApplication app)
    {
        _app = app;
        Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public Uri Address { get; }

    /// <summary>Everything it was asked: method and address.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>What it was told beside questions for answers: address and body.</summary>
    public ConcurrentQueue<string> Told { get; } = new();

    /// <summary>What it says to a question it has no answer to, such as one that makes it ready.</summary>
    public int Otherwise { get; set; } = StatusCodes.Status404NotFound;

    /// <summary>It answers nobody before this is done.</summary>
    public Task Holds { get; set; } = Task.CompletedTask;

    /// <param name="answersAs">The name the model gives itself in its answers; none when null.</param>
    /// <param name="took">How long it takes to answer.</param>
    public static async Task<ModelServer> Start(string? answersAs = null, TimeSpan took = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        ModelServer? server = null;
        app.MapPost("/v1/chat/completions", async () =>
        {
            await server!.Holds;
            await Task.Delay(took);
            return Results.Json(new { model = answersAs, choices = new[] { new { message = new { role = "assistant", content = "yes" } } } });
        });
        app.MapGet("/v2/models/{model}/ready", (string model) => model == answersAs ? Results.Ok() : Results.NotFound());
        app.Use((http, next) =>
        {
            server!.Asked.Enqueue($"{http.Request.Method} {http.Request.Path}");
            return next(http);
        });
        app.MapFallback(async (HttpContext http) =>
        {
            using var body = new StreamReader(http.Request.Body);
            server!.Told.Enqueue($"{http.Request.Path}{http.Request.QueryString}{await body.ReadToEndAsync()}");
            return Results.StatusCode(server.Otherwise);
        });
        await app.StartAsync();
        return server = new(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
