using System.Net.Http.Json;
using Backstop.Core.Registry;

namespace Backstop.Control.Rollouts;

/// <summary>Asks every replica of a release for a real, short answer: a health check can be green while a model is cold.</summary>
public sealed class WarmthProbe(ControlOptions options) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = options.WarmthTimeout };

    /// <summary>Which replica did not answer and why, or null when all did.</summary>
    public async Task<string?> Failure(params IEnumerable<Release> releases)
    {
        var answers = await Task.WhenAll(releases.SelectMany(r => r.Serving.Replicas.Select(replica => Ask(r, replica))));
        return answers.FirstOrDefault(a => a is not null);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<string?> Ask(Release release, Uri replica)
    {
        var body = new { model = release.Serving.Model, max_tokens = 1, messages = new[] { new { role = "user", content = "Say yes." } } };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Serving.AddressOf(replica, "chat/completions"));
            request.Content = JsonContent.Create(body);
            request.Headers.Add("x-request-id", $"warmth-{Guid.CreateVersion7():N}");
            foreach (var (name, value) in release.Serving.HeadersWith(Environment.GetEnvironmentVariable))
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _http.SendAsync(request);
            return response.IsSuccessStatusCode
                ? null
                : $"replica {replica} of {release.Name} is not warm: it answered {(int)response.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or MissingSecretException)
        {
            return $"replica {replica} of {release.Name} is not warm: {e.Message}";
        }
        catch (TaskCanceledException)
        {
            return $"replica {replica} of {release.Name} is not warm: no answer within {_http.Timeout.TotalSeconds:0.#} s";
        }
    }
}
