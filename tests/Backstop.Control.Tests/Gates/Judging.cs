using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Tests.Gates;

/// <summary>A server on loopback that judges answers: as a service at its root, as a model at <c>chat/completions</c>.</summary>
internal sealed class Judging : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Judging(Func<HttpContext, (int Status, string Body)> service, Func<string, bool>? model)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapPost("/", async (HttpContext context) =>
        {
            await Read(context);
            var (status, body) = service(context);
            return Results.Text(body, "application/json", statusCode: status);
        });
        _app.MapPost("/v1/chat/completions", async (HttpContext context) =>
        {
            var body = await Read(context);
            var asked = JsonNode.Parse((string)body["messages"]![1]!["content"]!)!;
            var verdict = model!((string)asked["answer"]!) ? "true" : "false";
            return Results.Json(new { model = "judge-1", choices = new[] { new { message = new { content = $"```json\n{{\"pass\": {verdict}}}\n```" } } } });
        });
    }

    public List<JsonNode> Bodies { get; } = [];

    public Uri Url { get; private set; } = null!;

    /// <param name="service">Status and body of the service's answer.</param>
    /// <param name="model">Whether the model passes an answer.</param>
    public static async Task<Judging> Start(Func<HttpContext, (int Status, string Body)> service, Func<string, bool>? model = null)
    {
        var server = new Judging(service, model);
        await server._app.StartAsync();
        server.Url = new Uri(server._app.Urls.First());
        return server;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task<JsonNode> Read(HttpContext context)
    {
        var body = (await JsonNode.ParseAsync(context.Request.Body))!;
        lock (Bodies)
        {
            Bodies.Add(body);
        }

        return body;
    }
}
