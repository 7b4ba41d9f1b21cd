using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Tests.Gates;

/// <summary>A model server on loopback whose answers are written by the test.</summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _asked;

    private ScriptedModel(Func<int, JsonNode, string, string?> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapPost("/v1/chat/completions", async (HttpContext context) =>
        {
            var body = (await JsonNode.ParseAsync(context.Request.Body))!;
            lock (Bodies)
            {
                Bodies.Add(body);
            }

            var question = (string)body["messages"]!.AsArray()[^1]!["content"]!;
            return answer(Interlocked.Increment(ref _asked), body, question) is { } text
                ? Results.Json(new { choices = new[] { new { index = 0, message = new { role = "assistant", content = text } } } })
                : Results.StatusCode(500);
        });
    }

    public List<JsonNode> Bodies { get; } = [];

    public Uri Url { get; private set; } = null!;

    /// <param name="answer">From the number of the request, counted from 1, and the question; null for an HTTP 500.</param>
    public static Task<ScriptedModel> Start(Func<int, string, string?> answer) => Begin((number, _, question) => answer(number, question));

    /// <param name="answer">From the whole request and the question.</param>
    public static Task<ScriptedModel> StartOnBodies(Func<JsonNode, string, string?> answer) => Begin((_, body, question) => answer(body, question));

    private static async Task<ScriptedModel> Begin(Func<int, JsonNode, string, string?> answer)
    {
        var model = new ScriptedModel(answer);
        await model._app.StartAsync();
        model.Url = new Uri(model._app.Urls.First());
        return model;
    }

    /// <summary>A release served by this model; it must answer in JSON.</summary>
    public Release Release(string name, string system = "Answer in JSON.") => ((ReleaseResult.Parsed)Core.Registry.Release.Parse(name, JsonSerializer.Serialize(new
    {
        prompt = new { system },
        parameters = new { temperature = 0.7, stream = true },
        guard_policy = new
        {
            name = "json",
            stages = new
            {
                output = new
                {
                    checks = new object[] { new { use = "json_schema", action = "block" }, new { use = "toxicity", action = "block" }, new { use = "pii", action = "fix" } },
                },
            },
        },
        serving = new { model = name, replicas = new[] { Url } },
    }))).Release;

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
