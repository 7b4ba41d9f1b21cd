using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.EndToEnd.Tests;

/// <summary>Control plane and gateway in one process, which is told to stop.</summary>
public sealed class StopTests : IDisposable
{
    private const string Alias = "assistant:prod";

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-stop-").FullName;
    private readonly IPEndPoint _http = Free();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task While_the_last_answer_is_under_way_a_rollback_still_completes_and_then_control_hears_of_that_answer_too()
    {
        // The outside world: a model server that answers when it may.
        var (asked, go) = (new TaskCompletionSource(), Task.CompletedTask);
        await using var model = await Model(async () =>
        {
            asked.TrySetResult();
            await go;
        });
        var log = Path.Combine(_directory, "serve.log");
        await using (var serve = await ChildProcess.Start("serve", log, ["serve", "--http", $"{_http}", "--fleet", $"{Free()}", "--data", Path.Combine(_directory, "data")], Cancel))
        {
            using var control = new ControlClient(new($"http://{_http}"));
            using var user = new HttpClient { BaseAddress = control.Server };
            var id = await ExposedRollout(control, model);

            (asked, var held) = (new(), new TaskCompletionSource());
            go = held.Task;
            var last = user.PostAsJsonAsync("v1/chat/completions", new { model = Alias, messages = new[] { new { role = "user", content = "Hello?" } } }, Cancel);
            await asked.Task.WaitAsync(Cancel);
            Terminate(serve);
            await Until(async () => await Ready(user) == HttpStatusCode.ServiceUnavailable);
            await Until(async () => await Refused(user));

            await control.AbortRollout(id, "changed our mind", Cancel);
            await Until(async () => (await control.Rollout(id, Cancel)).Body.Status == "rolled_back");
            Assert.False(last.IsCompleted || serve.HasExited);
            held.SetResult();
            Assert.Equal(HttpStatusCode.OK, (await last).StatusCode);
            await Until(() => Task.FromResult(serve.HasExited));
        }

        Assert.DoesNotContain("did not acknowledge", await File.ReadAllTextAsync(log, Cancel), StringComparison.Ordinal);
    }

    private static async Task<string> ExposedRollout(ControlClient control, WebApplication model)
    {
        foreach (var release in (string[])["v7", "v8"])
        {
            await control.RegisterRelease(release, new() { ["serving"] = new JsonObject { ["model"] = release, ["replicas"] = new JsonArray(model.Urls.First()) } }, Cancel);
        }

        await control.CreateAlias(new(Alias, "v7"), Cancel);
        await Until(async () => (await control.Alias(Alias, Cancel)).Body.Gateways.Any(g => g.Generation == 1));
        var plan = JsonNode.Parse("""{ "steps": [{ "basis_points": 5000, "dwell_ms": 3600000, "min_units": 1000 }], "verify_window_ms": 200 }""");
        var id = (await control.StartRollout(Alias, new("v8") { Plan = plan }, Cancel)).Body.Id;
        await Until(async () => (await control.Rollout(id, Cancel)).Body.Status is "canary" or "held"); // Held as soon as it finds that nobody asks.
        return id;
    }

    private static async Task<HttpStatusCode> Ready(HttpClient user)
    {
        using var answer = await user.GetAsync(new Uri("readyz", UriKind.Relative), Cancel);
        return answer.StatusCode;
    }

    // Whoever asks now is told to ask elsewhere.
    private static async Task<bool> Refused(HttpClient user)
    {
        using var answer = await user.PostAsJsonAsync("v1/chat/completions", new { model = Alias }, Cancel);
        return answer.StatusCode == HttpStatusCode.ServiceUnavailable && (await answer.Content.ReadAsStringAsync(Cancel)).Contains("gateway_stopping", StringComparison.Ordinal);
    }

    private static async Task<WebApplication> Model(Func<Task> wait)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.MapPost("/v1/chat/completions", async () =>
        {
            await wait();
            var choice = new { index = 0, finish_reason = "stop", message = new { role = "assistant", content = "yes" } };
            return Results.Json(new { id = "c", @object = "chat.completion", created = 1, choices = new[] { choice } });
        });
        await app.StartAsync(Cancel);
        return app;
    }

    private static void Terminate(ChildProcess process)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static async Task Until(Func<Task<bool>> isSo)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var began = Stopwatch.GetTimestamp(); !await isSo(); await pace.WaitForNextTickAsync(Cancel))
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(120), "It did not come to be so.");
        }
    }

    private static IPEndPoint Free() => ListenAddress.WithPort(new(IPAddress.Loopback, 0));
}
