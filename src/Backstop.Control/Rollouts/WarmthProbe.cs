using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Control.Rollouts;

/// <summary>Asks every replica of a release for a real, short answer: a health check can be green while a model is cold, and a warm one can be another.</summary>
/// <remarks>
/// Servers that must be told so get the model ready first, as the release's engine says. What a ranker takes as input nobody here knows, so one behind Open Inference is asked whether its model is ready.
/// </remarks>
public sealed class WarmthProbe(ControlOptions options) : IDisposable
{
    private const int MostAtOnce = 64;
    private const int RequestsEach = 4;

    // Twice as many at one time that bring less than a tenth more show where the end is.
    private const double MoreThan = 1.1;

    private readonly ModelServers _servers = new(options.WarmthTimeout);

    /// <summary>Which replica did not answer and why, or null when all did.</summary>
    public async Task<string?> Failure(params IEnumerable<Release> releases)
    {
        var answers = await Task.WhenAll(releases.SelectMany(r => r.Serving.Replicas.Select(replica => Ask(r, replica))));
        return answers.FirstOrDefault(a => a is not null);
    }

    /// <summary>Tells a replica that it may rest. Returns why it does not, or null.</summary>
    public async Task<string?> Rest(Release release, Uri replica)
    {
        var call = release.Serving.Engine!.Rest(release.Serving.Model, replica);
        try
        {
            using var told = await Send(release, Telling(call));
            return told.IsSuccessStatusCode || call.MayBeRefused ? null : $"told to rest at {call.Address.PathAndQuery}, it answered {(int)told.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or MissingSecretException or TaskCanceledException)
        {
            return e.Message;
        }
    }

    /// <summary>How many requests a second a release answers beside what it serves, found out with a small burst of short real requests.</summary>
    /// <remarks>
    /// Twice as many at one time each round, until they are enough or bring no more. Real answers are longer, so what is too small here
    /// is certainly too small; what is enough here may still not be.
    /// </remarks>
    /// <param name="enough">Where the burst ends.</param>
    /// <returns>Null when nothing was wanted, or when nobody here knows how to ask.</returns>
    public async Task<double?> Bears(Release release, double enough)
    {
        if (enough <= 0 || release.Serving.Protocol != "openai")
        {
            return null;
        }

        var best = 0.0;
        for (var concurrent = 1; concurrent <= MostAtOnce; concurrent *= 2)
        {
            var (began, next, refused, each) = (Stopwatch.GetTimestamp(), -1, 0, concurrent * RequestsEach);
            await Task.WhenAll(Enumerable.Range(0, concurrent).Select(async _ =>
            {
                for (var n = Interlocked.Increment(ref next); n < each; n = Interlocked.Increment(ref next))
                {
                    if (!await Answers(release, release.Serving.Replicas[n % release.Serving.Replicas.Length]))
                    {
                        Interlocked.Increment(ref refused);
                    }
                }
            }));
            var rate = (each - refused) / Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (rate >= enough || refused > 0 || rate < MoreThan * best)
            {
                return Math.Max(rate, best);
            }

            best = rate;
        }

        return best;
    }

    /// <summary>Which of the replicas that a release is kept warm at did not answer and why, or null when all did.</summary>
    public async Task<string?> Failure(Release release, KeptWarm kept)
    {
        var answers = await Task.WhenAll(kept.Replicas(release.Serving).Select(replica => Ask(release, replica)));
        return answers.FirstOrDefault(a => a is not null);
    }

    /// <inheritdoc/>
    public void Dispose() => _servers.Dispose();

    private async Task<string?> Ask(Release release, Uri replica)
    {
        try
        {
            foreach (var call in release.Serving.Engine?.WarmUp(release.Serving.Model, replica) ?? [])
            {
                using var told = await Send(release, Telling(call));
                if (!told.IsSuccessStatusCode && !call.MayBeRefused)
                {
                    return $"replica {replica} of {release.Name} is not warm: told to get ready at {call.Address.PathAndQuery}, it answered {(int)told.StatusCode}";
                }
            }

            using var response = await Send(release, Request(release.Serving, replica));
            return !response.IsSuccessStatusCode ? $"replica {replica} of {release.Name} is not warm: it answered {(int)response.StatusCode}"
                : await Stranger(response, release.Serving.Model) is { } other ? $"replica {replica} of {release.Name} answers as {other} and not as {release.Serving.Model}"
                : null;
        }
        catch (Exception e) when (e is HttpRequestException or MissingSecretException)
        {
            return $"replica {replica} of {release.Name} is not warm: {e.Message}";
        }
        catch (TaskCanceledException)
        {
            return $"replica {replica} of {release.Name} is not warm: no answer within {options.WarmthTimeout.TotalSeconds:0.#} s";
        }
    }

    private async Task<bool> Answers(Release release, Uri replica)
    {
        try
        {
            using var response = await Send(release, Request(release.Serving, replica));
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or MissingSecretException or TaskCanceledException)
        {
            return false;
        }
    }

    private async Task<HttpResponseMessage> Send(Release release, HttpRequestMessage message)
    {
        using var request = message;
        request.Headers.Add("x-request-id", $"warmth-{Guid.CreateVersion7():N}");
        foreach (var (name, value) in release.Serving.HeadersWith(Environment.GetEnvironmentVariable))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await _servers.For(release).SendAsync(request);
    }

    private static HttpRequestMessage Telling(EngineCall call) => new(HttpMethod.Post, call.Address) { Content = call.Body is null ? null : JsonContent.Create(call.Body) };

    private static HttpRequestMessage Request(Serving serving, Uri replica) => serving.Protocol == "open-inference"
        ? new(HttpMethod.Get, new Uri($"{replica.AbsoluteUri.TrimEnd('/')}/v2/models/{Uri.EscapeDataString(serving.Model)}/ready"))
        : new(HttpMethod.Post, Serving.AddressOf(replica, "chat/completions"))
        {
            Content = JsonContent.Create(new { model = serving.Model, max_tokens = 1, messages = new[] { new { role = "user", content = "Say yes." } } }),
        };

    // A provider may say more than it was asked for, such as a date; another name altogether is another model.
    private static async Task<string?> Stranger(HttpResponseMessage response, string expected)
    {
        try
        {
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
            return answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("model", out var model)
                && model.ValueKind == JsonValueKind.String && model.GetString() is { Length: > 0 } name
                && !name.StartsWith(expected, StringComparison.OrdinalIgnoreCase) && !expected.EndsWith(name, StringComparison.OrdinalIgnoreCase)
                ? name
                : null;
        }
        catch (JsonException)
        {
            return null; // It answered; whether the answer is good is for the gates to say.
        }
    }
}
