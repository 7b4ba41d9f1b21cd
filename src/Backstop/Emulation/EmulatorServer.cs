using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Backstop.Emulation;

/// <summary>How to start an emulated model server.</summary>
internal sealed record EmulatorSettings
{
    public required EmulatorProfile Profile { get; init; }

    /// <summary>Profiles that <c>POST /emulator/profile</c> may name as its base.</summary>
    public ProfileBook Profiles { get; init; } = new();

    public string Host { get; init; } = "127.0.0.1";

    /// <summary>0 lets the system choose.</summary>
    public int Port { get; init; }

    /// <summary>The same seed and the same order of requests give the same answers.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The only model name that is served; null serves every name.</summary>
    public string? Model { get; init; }

    /// <summary>Where to log what each answer really was; null keeps counts only.</summary>
    public string? TruthFile { get; init; }
}

/// <summary>A model server with failure modes: the OpenAI chat API and Open Inference in front, <c>/emulator</c> behind the scenes.</summary>
internal sealed class EmulatorServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly EmulatorSettings _settings;
    private volatile EmulatorProfile _profile;

    private EmulatorServer(EmulatorSettings settings)
    {
        _settings = settings;
        _profile = settings.Profile;
        Truth = new TruthLog(settings.TruthFile);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders(); // Standard output is for the truth and for --json; failures answer the request.
        builder.WebHost.UseUrls($"http://{settings.Host}:{settings.Port}");
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ChatJson.Wire));
        _app = builder.Build();

        var chat = new ChatEndpoint(settings, () => _profile, Truth);
        _app.MapPost("/v1/chat/completions", (Delegate)chat.Answer);
        var infer = new InferEndpoint(settings, () => _profile, Truth);
        _app.MapPost("/v2/models/{model}/infer", (Delegate)infer.Answer);
        _app.MapGet("/v2/models/{model}/ready", () => Results.Ok());
        _app.MapGet("/v1/models", () => Results.Json(Models(), ChatJson.Wire.ModelList));
        _app.MapGet("/health", () => Results.Text("ok"));
        _app.MapGet("/emulator/profile", () => Results.Json(_profile, ChatJson.Wire.EmulatorProfile));
        _app.MapPost("/emulator/profile", (Delegate)Change);
        _app.MapGet("/emulator/truth/summary", () => Results.Json(Truth.Summary(), ChatJson.Wire.TruthSummary));
        _app.MapFallback((HttpContext context) =>
            ChatEndpoint.Error(404, $"There is no {context.Request.Method} {context.Request.Path} here.", "not_found"));
    }

    /// <summary>Where it listens, for example <c>http://127.0.0.1:8007</c>.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>How it behaves; may be replaced while it runs.</summary>
    public EmulatorProfile Profile
    {
        get => _profile;
        set => _profile = value;
    }

    public TruthLog Truth { get; }

    /// <exception cref="IOException">The port is taken or the truth file cannot be written.</exception>
    public static async Task<EmulatorServer> Start(EmulatorSettings settings, CancellationToken cancellation = default)
    {
        var server = new EmulatorServer(settings);
        try
        {
            await server._app.StartAsync(cancellation);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        var addresses = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        server.Url = new Uri(addresses.Addresses.First());
        return server;
    }

    /// <summary>Completes when the server is told to stop.</summary>
    public Task WaitForShutdown(CancellationToken cancellation) => _app.WaitForShutdownAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Truth.Dispose();
    }

    private ModelList Models() =>
        new("list", [new ModelEntry(_settings.Model ?? _profile.Name, "model", DateTimeOffset.UtcNow.ToUnixTimeSeconds(), "backstop-emulator")]);

    private async Task<IResult> Change(HttpContext context)
    {
        ProfileChange? change;
        try
        {
            change = await context.Request.ReadFromJsonAsync(ChatJson.Wire.ProfileChange, context.RequestAborted);
        }
        catch (Exception mistake) when (mistake is JsonException or InvalidOperationException)
        {
            return ChatEndpoint.Error(400, $"The body must be a JSON object with fields of a profile: {mistake.Message}", "invalid_profile");
        }

        if (change?.Base is { } name && _settings.Profiles.Find(name) is null)
        {
            return ChatEndpoint.Error(400, $"There is no profile '{name}'; there are {string.Join(", ", _settings.Profiles.Names)}.", "unknown_profile");
        }

        var profile = (change ?? new()).ApplyTo(change?.Base is { } from ? _settings.Profiles.Find(from)! : _profile);
        if (profile.Mistake() is { } wrong)
        {
            return ChatEndpoint.Error(400, wrong, "invalid_profile");
        }

        _profile = profile;
        return Results.Json(profile, ChatJson.Wire.EmulatorProfile);
    }
}
