using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Emulation;

namespace Backstop.Demo.Faults;

/// <summary>An application in front of an alias. What breaks in it reaches every release alike.</summary>
internal abstract class Application(HttpClient http, int seed)
{
    private volatile bool _broken;

    /// <summary>Whether it is broken from the next request on.</summary>
    public bool IsBroken
    {
        get => _broken;
        set => _broken = value;
    }

    /// <summary>What breaks in it, as the command line says it.</summary>
    public abstract string Fault { get; }

    /// <summary>The alias that it asks.</summary>
    public abstract string Alias { get; }

    /// <summary>The name of its release whose model servers are those of a pool.</summary>
    public virtual string Release(Pool pool) => pool.Release;

    /// <summary>What its releases are.</summary>
    public abstract JsonObject Manifest(string release, Uri replica);

    /// <summary>Serves one user, from the question to the word whether the answer was right.</summary>
    public async Task<Receipt> Serve(int number, CancellationToken cancel)
    {
        var (id, broken, sentAt) = ($"{Traffic.IdPrefix}{Fault}-{number}", IsBroken, DateTimeOffset.UtcNow);
        var (answered, status, release, text, correct) = await Ask(id, Dice.For(seed, number), broken, cancel);
        if (status == 200 && correct is { } known)
        {
            using var label = await http.PostAsJsonAsync("v1/feedback", new { request_id = answered, correct = known }, cancel);
        }

        return new(id, sentAt, status, release, text, Filtered: false, Attack: false, correct, DateTimeOffset.UtcNow - sentAt) { Faulty = broken };
    }

    /// <summary>Asks, and says under which id it was answered, and whether rightly; null where that cannot be known.</summary>
    protected abstract Task<(string Id, int Status, string? Release, string Text, bool? Correct)> Ask(string id, Dice dice, bool broken, CancellationToken cancel);

    /// <summary>Sends a request; a lost connection has status 0, because that is what the user saw.</summary>
    protected async Task<(int Status, string? Release, JsonNode? Body)> Send(string id, string path, JsonObject body, string? retrieved, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("x-request-id", id);
        if (retrieved is not null)
        {
            request.Headers.TryAddWithoutValidation("x-backstop-retrieval", retrieved);
        }

        try
        {
            using var response = await http.SendAsync(request, cancel);
            var release = response.Headers.TryGetValues("x-backstop-release", out var names) ? names.First() : null;
            return ((int)response.StatusCode, release, JsonNode.Parse(await response.Content.ReadAsStringAsync(cancel)));
        }
        catch (HttpRequestException)
        {
            return (0, null, null);
        }
    }

    protected static string TextOf(JsonNode? body) => (string?)body?["choices"]?[0]?["message"]?["content"] ?? "";

    protected static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
