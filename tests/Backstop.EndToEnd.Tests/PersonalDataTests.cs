using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.EndToEnd.Tests;

/// <summary>Personal data in every place that a request, an answer and a label have, from the first request to the gate that is learnt: none of it stands in a file or a log.</summary>
public sealed class PersonalDataTests : IAsyncLifetime
{
    private const string Chat = "assistant:prod";
    private const string Ranker = "ranker:prod";
    private const int Least = 240;
    private const int AtOnce = 8;

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-personal-").FullName;
    private readonly Uri _http = new($"http://{Free()}");
    private readonly Uri _models = new($"http://{Free()}");
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentBag<string> _secrets = [];
    private WebApplication _world = null!;
    private Process _serve = null!;
    private HttpClient _users = null!;
    private ControlClient _control = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World();
        _serve = Process.Start(new ProcessStartInfo(
            Path.Combine(AppContext.BaseDirectory, "backstop"),
            ["serve", "--http", _http.Authority, "--fleet", $"{Free()}", "--data", Path.Combine(_directory, "data")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["Logging__LogLevel__Default"] = "Trace",
                ["Logging__LogLevel__Orleans"] = "Information", // It never sees a request of a user, and says very much.
                ["Logging__LogLevel__Backstop.Control"] = "Trace",
                ["Logging__LogLevel__Backstop.Gateway"] = "Trace",
            },
        })!;
        _serve.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _serve.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _serve.BeginOutputReadLine();
        _serve.BeginErrorReadLine();
        _users = new() { BaseAddress = _http };
        _control = new(_http);
    }

    public async ValueTask DisposeAsync()
    {
        _users.Dispose();
        _control.Dispose();
        if (!_serve.HasExited)
        {
            _serve.Kill();
        }

        await _serve.WaitForExitAsync();
        _serve.Dispose();
        await _world.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(1)]
    public async Task Nothing_personal_is_kept_wherever_it_stands(int seed)
    {
        var cancel = TestContext.Current.CancellationToken;
        await Prepare(cancel);
        var number = 0;
        IncidentView? incident = null;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(
            async () =>
            {
                for (int n; (n = Interlocked.Increment(ref number)) <= Least || (incident is not { ReleaseToBlame: true, Samples: >= 10 } && n < 20 * Least);)
                {
                    await Serve(n, new Random(HashCode(seed, n)), cancel);
                    incident = n % 40 == 0 ? (await _control.Incidents(Chat, cancel)).Body.FirstOrDefault(i => i.ReleaseToBlame == true) ?? incident : incident;
                }
            },
            cancel)));
        Assert.True(incident?.ReleaseToBlame, "No incident blames the bad release.");

        var gate = (await _control.Learn(incident!.Id, cancel)).Body;
        Assert.NotNull(gate.GateId);
        Assert.Contains(incident.Id, await _control.Postmortem(incident.Id, cancel), StringComparison.Ordinal);
        await Until(async () => (await File.ReadAllTextAsync(Path.Combine(_directory, "data", "routes.json"), cancel)).Length > 0);

        // That it was there at all: cases were kept, with marks in the place of what was taken out.
        var cases = await File.ReadAllTextAsync(Directory.GetFiles(Path.Combine(_directory, "data", "gates"), "cases.jsonl", SearchOption.AllDirectories).Single(), cancel);
        Assert.Matches("\\[[A-Z_]{4,}\\]", cases);
        Assert.True(_secrets.Count > Least / 2);
        foreach (var (where, text) in Directory.GetFiles(_directory, "*", SearchOption.AllDirectories).Select(file => (file, Text(file))).Append(("the log", string.Join('\n', _log))))
        {
            var found = _secrets.FirstOrDefault(secret => text.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.True(found is null, $"seed {seed}: {found} stands in {where}: {(found is null ? "" : text[Math.Max(0, text.IndexOf(found, StringComparison.OrdinalIgnoreCase) - 200)..][..Math.Min(400, text.Length)])}");
        }
    }

    private async Task Prepare(CancellationToken cancel)
    {
        await Until(async () =>
        {
            try
            {
                return (await _users.GetAsync("healthz", cancel)).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        foreach (var name in (string[])["v7", "v8"])
        {
            await _control.RegisterRelease(name, Manifest(name, "openai"), cancel);
        }

        await _control.RegisterRelease("r7", Manifest("r7", "open-inference"), cancel);
        await _control.CreateAlias(new(Chat, "v7") { CaptureSamples = true, LabelDeadlineMs = 1500 }, cancel);
        await _control.CreateAlias(new(Ranker, "r7") { CaptureSamples = true, LabelDeadlineMs = 1500 }, cancel);
        await Until(async () => (await _users.GetStringAsync("v1/models", cancel)).Contains(Chat, StringComparison.Ordinal));
        await _control.StartRollout(Chat, new("v8") { Plan = new PlanRequest([new(BasisPoints: 5000, DwellMs: 3_600_000, MinUnits: 1_000_000)]).ToJson() }, cancel);
    }

    private async Task Serve(int number, Random luck, CancellationToken cancel)
    {
        var (secret, sum) = (Secret(luck), 2 * number);
        var question = $"What is {number} plus {number}?";
        var place = luck.Next(3) == 0 ? 1 : luck.Next(14); // Mostly in the question: of those a gate is made.
        if (place < 13)
        {
            _secrets.Add(secret);
        }

        if (place is 11 or 12)
        {
            await Rank(place, secret, cancel);
            return;
        }

        string At(int here, string text) => place == here ? $"{text} Mine is {secret}." : text;
        var messages = new JsonArray(Message("system", At(0, "You add up.")), Message("user", place == 1 ? $"I am {secret}. {question}" : question));
        if (place is 2)
        {
            messages.Insert(1, Message("assistant", At(2, "Hello.")));
        }

        if (place is 3 or 4)
        {
            messages.Insert(1, new JsonObject
            {
                ["role"] = "assistant", ["content"] = null,
                ["tool_calls"] = new JsonArray(new JsonObject { ["id"] = "call-1", ["type"] = "function", ["function"] = new JsonObject { ["name"] = "find", ["arguments"] = new JsonObject { ["who"] = At(3, "me") }.ToJsonString() } }),
            });
            messages.Insert(2, new JsonObject { ["role"] = "tool", ["tool_call_id"] = "call-1", ["content"] = At(4, "found") });
        }

        var body = new JsonObject { ["model"] = Chat, ["messages"] = messages, ["stream"] = luck.Next(4) == 0, ["metadata"] = new JsonObject { ["note"] = At(5, "none") } };
        if (place == 6)
        {
            body["user"] = secret;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("x-request-id", place == 7 ? secret : $"request-{number}");
        request.Headers.TryAddWithoutValidation("x-customer", At(8, "none"));
        request.Headers.TryAddWithoutValidation("cookie", $"session={At(8, "none")}");
        request.Headers.TryAddWithoutValidation("x-backstop-retrieval", $"index={(place == 9 ? secret : "kb-1")}, age=3600, score=0.5, documents=2");
        using var answer = await _users.SendAsync(request, cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        if (answer.StatusCode == HttpStatusCode.OK)
        {
            using var label = await _users.PostAsJsonAsync(
                "v1/feedback",
                new { request_id = answer.Headers.GetValues("x-request-id").Single(), correct = text.Contains($"is {sum}", StringComparison.Ordinal), expected = At(10, $"{sum}") },
                cancel);
        }
    }

    // A feature whose name says whose it is, and one whose values do.
    private async Task Rank(int place, string secret, CancellationToken cancel)
    {
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray(
                new JsonObject { ["name"] = place == 11 ? $"clicks of {secret}" : "clicks", ["shape"] = new JsonArray(2), ["datatype"] = "FP64", ["data"] = new JsonArray(1.0, null) },
                new JsonObject { ["name"] = "who", ["shape"] = new JsonArray(1), ["datatype"] = "BYTES", ["data"] = new JsonArray(place == 12 ? secret : "nobody") }),
        };
        using var answer = await _users.PostAsJsonAsync($"v2/models/{Ranker}/infer", body, cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Two releases of a chat and a ranker. The bad one mostly forgets to answer, and gives away what it was told.</summary>
    private async Task<WebApplication> World()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(_models.AbsoluteUri);
        var app = builder.Build();
        app.MapPost("/v2/models/{model}/infer", () => Results.Json(new { model_name = "r7", outputs = new[] { new { name = "score", shape = new[] { 1 }, datatype = "FP64", data = new[] { 1.0 } } } }));
        app.MapGet("/v2/models/{model}/ready", () => Results.Ok());
        app.MapPost("/v1/chat/completions", async (HttpContext http) =>
        {
            var asked = (await JsonNode.ParseAsync(http.Request.Body))!;
            var (model, question) = ((string)asked["model"]!, (string)asked["messages"]!.AsArray()[^1]!["content"]!);
            var number = int.TryParse(question.Split(" plus ")[^1].Split('?')[0], CultureInfo.InvariantCulture, out var n) ? n : 0;
            var text = $"It is {2 * number}.";
            if (model == "v8" && Random.Shared.Next(10) < 8)
            {
                var leak = Secret(Random.Shared);
                _secrets.Add(leak);
                text = Random.Shared.Next(2) == 0 ? $"I do not know, ask {leak}." : "I do not know.";
            }

            if ((bool?)asked["stream"] == true)
            {
                http.Response.ContentType = "text/event-stream";
                foreach (var piece in (object[])[new { role = "assistant", content = text }, new { }])
                {
                    await http.Response.WriteAsync($"data: {System.Text.Json.JsonSerializer.Serialize(new { id = "c", @object = "chat.completion.chunk", created = 1, model, choices = new[] { new { index = 0, delta = piece, finish_reason = piece is { } && piece.ToString() == "{ }" ? "stop" : null } } })}\n\n");
                }

                await http.Response.WriteAsync("data: [DONE]\n\n");
                return;
            }

            await http.Response.WriteAsJsonAsync(new { id = "c", @object = "chat.completion", created = 1, model, choices = new[] { new { index = 0, finish_reason = "stop", message = new { role = "assistant", content = text } } } });
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private JsonObject Manifest(string name, string protocol) => new()
    {
        ["model"] = new JsonObject { ["name"] = "adder", ["version"] = name },
        ["serving"] = new JsonObject { ["protocol"] = protocol, ["model"] = name, ["replicas"] = new JsonArray(_models.GetLeftPart(UriPartial.Authority)) },
    };

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    // An e-mail address, a payment card (Luhn) or an account (ISO 7064): what no other text looks like.
    private static string Secret(Random luck) => luck.Next(3) switch
    {
        0 => $"{Name(luck)}.{Name(luck)}{luck.Next(10, 99)}@{Name(luck)}.example",
        1 => Card(luck),
        _ => Account(luck),
    };

    private static string Card(Random luck)
    {
        var digits = new int[16];
        digits[0] = 4;
        for (var i = 1; i < 15; i++)
        {
            digits[i] = luck.Next(10);
        }

        digits[15] = (10 - (digits.Take(15).Select((d, i) => i % 2 == 0 ? (2 * d > 9 ? (2 * d) - 9 : 2 * d) : d).Sum() % 10)) % 10;
        return string.Concat(digits);
    }

    private static string Account(Random luck)
    {
        var account = string.Concat(Enumerable.Range(0, 18).Select(_ => luck.Next(10).ToString(CultureInfo.InvariantCulture)));
        return $"DE{98 - (account + "131400").Aggregate(0, (rest, digit) => ((rest * 10) + (digit - '0')) % 97):00}{account}";
    }

    private static string Name(Random luck) => string.Concat(Enumerable.Range(0, luck.Next(4, 9)).Select(i => (i % 2 == 0 ? "bdfgklmnprst" : "aeiou")[luck.Next(i % 2 == 0 ? 12 : 5)]));

    private static int HashCode(int seed, int number) => unchecked((seed * 1_000_003) + (number * 7919));

    private static string Text(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static IPEndPoint Free() => ListenAddress.WithPort(new(IPAddress.Loopback, 0));

    private static async Task Until(Func<Task<bool>> holds)
    {
        var deadline = DateTime.UtcNow.AddSeconds(120);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await holds())
        {
            Assert.True(DateTime.UtcNow < deadline, "It never came to be.");
            await pace.WaitForNextTickAsync();
        }
    }
}
