using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.EndToEnd.Tests;

/// <summary>Whatever is asked of a server that logs everything it can, and whoever asks: no key stands anywhere but where it was made.</summary>
public sealed class KeysInLogsTests : IAsyncLifetime
{
    private const string Alias = "assistant:prod";

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-keys-").FullName;
    private readonly IPEndPoint _http = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
    private readonly IPEndPoint _outside = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
    private readonly ConcurrentQueue<string> _written = new();
    private readonly ConcurrentQueue<string> _sentOut = new();
    private readonly ConcurrentQueue<string> _answers = new();
    private readonly TaskCompletionSource<string> _oneTimeKey = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _world = null!;
    private Process _serve = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World();
        var start = new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "backstop"),
            ["serve", "--http", $"{_http}", "--fleet", "127.0.0.1:0", "--data", Path.Combine(_directory, "data"), "--access-log"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                // More exact than what the program says itself, so that it holds.
                ["Logging__LogLevel__Default"] = "Trace",
                ["Logging__LogLevel__Backstop.Control"] = "Trace",
                ["Logging__LogLevel__Backstop.Gateway"] = "Trace",
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://{_outside}",
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
            },
        };
        _serve = Process.Start(start)!;
        _serve.OutputDataReceived += (_, line) =>
        {
            // The one place where a key may stand: what the operator is told at the first start.
            if (line.Data?.StartsWith("BACKSTOP_KEY=", StringComparison.Ordinal) == true)
            {
                _oneTimeKey.TrySetResult(line.Data["BACKSTOP_KEY=".Length..].Split(' ')[0]);
            }
            else
            {
                _written.Enqueue(line.Data ?? "");
            }
        };
        _serve.ErrorDataReceived += (_, line) => _written.Enqueue(line.Data ?? "");
        _serve.BeginOutputReadLine();
        _serve.BeginErrorReadLine();
        _client = new() { BaseAddress = new($"http://{_http}") };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (!_serve.HasExited)
        {
            _serve.Kill();
        }

        await _serve.WaitForExitAsync();
        _serve.Dispose();
        await _world.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task No_key_stands_in_a_log_an_error_a_trace_a_file_or_a_request_to_a_model_server()
    {
        var once = await _oneTimeKey.Task.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        var admin = await Made("keys", new { name = "ops", scopes = new[] { "admin" } }, once);
        var app = await Made("keys", new { name = "app", scopes = new[] { "invoke" } }, admin);
        var young = await Made("keys/app/rotate", new { overlap_seconds = 3600 }, admin);
        string[] keys = [once, admin, app, young];
        string[] presented = [admin, app, admin[..^1] + "x", admin[..40], "bearer " + young, Convert.ToBase64String(Encoding.UTF8.GetBytes(":" + admin))];

        var manifest = new { serving = new { model = "m", replicas = new[] { $"http://{_outside}" } } };
        await Ask(HttpMethod.Post, "/api/v1/releases", admin, new { name = "v7", manifest });
        await Ask(HttpMethod.Post, "/api/v1/aliases", admin, new { name = Alias, release = "v7" });
        await Until(async () => (await Ask(HttpMethod.Post, "/v1/chat/completions", app, Chat(stream: false))).Contains("four", StringComparison.Ordinal), "No model answered.");

        var paths = JsonNode.Parse(await Ask(HttpMethod.Get, "/api/v1/openapi.json", admin))!["paths"]!.AsObject();
        Assert.True(paths.Count > 30, "The API is larger than that.");
        foreach (var key in presented)
        {
            foreach (var (path, operations) in paths)
            {
                foreach (var (verb, _) in operations!.AsObject())
                {
                    if (path.StartsWith("/api/v1/keys", StringComparison.Ordinal) && verb != "get" && key == admin)
                    {
                        continue; // Their answers show keys; that is what they are for.
                    }

                    await Ask(new(verb.ToUpperInvariant()), path.Replace("{name}", Alias, StringComparison.Ordinal).Replace("{time}", "2099-01-01T00:00:00Z", StringComparison.Ordinal), key, verb == "get" ? null : new { reason = "r" });
                }
            }

            foreach (var (path, body) in new (string, object?)[]
            {
                ("/v1/models", null), ("/v1/chat/completions", Chat(stream: false)), ("/v1/chat/completions", Chat(stream: true)), ("/v1/feedback", new { request_id = "r", correct = true }),
                ("/v1/chat/completions", new { model = "nobody:prod" }), ("/v1/nowhere", null), ("/", null), ("/metrics", null), ("/healthz", null),
            })
            {
                await Ask(body is null ? HttpMethod.Get : HttpMethod.Post, path, key, body);
            }
        }

        await Until(() => Task.FromResult(_sentOut.Any(s => s.StartsWith("/v1/traces", StringComparison.Ordinal))), $"No trace was sent, but {string.Join(", ", _sentOut.Select(s => s.Split((char)32)[0]).Distinct(StringComparer.Ordinal))}.");
        Assert.Contains(_written, line => line.Contains("trce:", StringComparison.Ordinal));
        Assert.Contains(_written, line => line.Contains("Backstop.Gateway.Access", StringComparison.Ordinal));
        Assert.Contains(_sentOut, s => s.StartsWith("/v1/chat/completions", StringComparison.Ordinal));
        foreach (var key in keys)
        {
            Clean(key, "log", _written);
            Clean(key, "answer", _answers);
            Clean(key, "request to others", _sentOut);
            Clean(key, "file", Directory.GetFiles(_directory, "*", SearchOption.AllDirectories).Select(Text));
        }
    }

    private static void Clean(string key, string where, IEnumerable<string> texts)
    {
        var secret = key[^64..];
        foreach (var text in texts)
        {
            for (var at = 0; at <= 48; at += 16)
            {
                Assert.False(text.Contains(secret.Substring(at, 16), StringComparison.OrdinalIgnoreCase), $"A part of a key stands in a {where}: {text[..Math.Min(text.Length, 500)]}");
            }
        }
    }

    private static string Text(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static object Chat(bool stream) => new { model = Alias, stream, messages = new[] { new { role = "user", content = "What is 2 + 2?" } } };

    private async Task<string> Made(string path, object body, string with)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/" + path) { Content = JsonContent.Create(body), Headers = { Authorization = new("Bearer", with) } };
        using var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return (string)JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["key"]!;
    }

    private async Task<string> Ask(HttpMethod verb, string path, string key, object? body = null)
    {
        using var request = new HttpRequestMessage(verb, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("Authorization", key.EndsWith('=') ? "Basic " + key : "Bearer " + key);
        using var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        _answers.Enqueue($"{response.Headers} {text}");
        return text;
    }

    /// <summary>Everything outside: a model server and a collector of traces, which keep what they are sent.</summary>
    private async Task<WebApplication> World()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(_outside));
        var app = builder.Build();
        app.Run(async http =>
        {
            using var reader = new StreamReader(http.Request.Body, Encoding.Latin1);
            _sentOut.Enqueue($"{http.Request.Path} {string.Join('\n', http.Request.Headers)} {await reader.ReadToEndAsync()}");
            await http.Response.WriteAsJsonAsync(new
            {
                id = "c1", @object = "chat.completion", created = 1, model = "m",
                choices = new[] { new { index = 0, finish_reason = "stop", message = new { role = "assistant", content = "It is four." } } },
                usage = new { prompt_tokens = 1, completion_tokens = 1, total_tokens = 2 },
            });
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task Until(Func<Task<bool>> holds, string otherwise)
    {
        var deadline = DateTime.UtcNow.AddSeconds(120);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            Assert.True(DateTime.UtcNow < deadline, otherwise);
            await pace.WaitForNextTickAsync();
        }
    }
}
