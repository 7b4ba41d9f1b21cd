using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Gates;
using Backstop.Core.Guards;
using Backstop.Core.Registry;

namespace Backstop.Control.Gates;

/// <summary>Asks the replicas of a release the cases of a gate: directly, every time afresh, a few at once.</summary>
/// <remarks>
/// What is asked is what the gateway would send: the release's prompt, parameters and model name around the case. Nothing
/// is remembered between runs, and caches on the way are told to keep out: repeats served from a cache are not repeats.
/// </remarks>
public sealed class GateRunner : IDisposable
{
    private const int Concurrency = 12;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = Concurrency * 2 })
    {
        Timeout = AnswerTimeout,
    };

    /// <summary>Runs a gate on a release.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="release">The release; its replicas must be running.</param>
    /// <param name="progress">Told the number of answers so far, or null.</param>
    /// <param name="cancel">Ends the run; a run that was ended has no result.</param>
    public async Task<GateResult> Run(Gate gate, Release release, IProgress<int>? progress, CancellationToken cancel)
    {
        var counts = await Ask(release, gate.Alias, gate.Cases, gate.SamplesPerCase, gate.ExtraPolicy, progress, cancel);
        var all = counts.Aggregate(new RunCounts(0, 0, 0), (sum, one) => sum + one);
        return new(gate.Id, release.Digest, gate.Judge(all), all, gate.FailIfMoreThan);
    }

    /// <summary>Asks every case so many times and counts, case by case, what the answers were worth.</summary>
    public async Task<ImmutableArray<RunCounts>> Ask(
        Release release,
        string alias,
        ImmutableArray<GateCase> cases,
        int samples,
        string? extraPolicy,
        IProgress<int>? progress,
        CancellationToken cancel)
    {
        if (JudgeOf(release, alias, extraPolicy, out var judge, out var headers) is { } unusable)
        {
            return [.. cases.Select(_ => RunCounts.Of([.. Enumerable.Repeat(unusable, samples)]))];
        }

        var bodies = cases.Select(c => BodyOf(release, c)).ToArray();
        var outcomes = new RunOutcome[cases.Length * samples];
        var done = 0;

        // Round after round over all cases, so that one slow case does not end up alone at the end.
        await Parallel.ForAsync(0, outcomes.Length, new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancel }, async (run, stop) =>
        {
            var replica = release.Serving.Replicas[run % release.Serving.Replicas.Length];
            outcomes[run] = await AskOnce(replica, headers, bodies[run % cases.Length], cases[run % cases.Length], judge!, stop);
            progress?.Report(Interlocked.Increment(ref done));
        });
        return [.. Enumerable.Range(0, cases.Length).Select(c => RunCounts.Of([.. outcomes.Where((_, run) => run % cases.Length == c)]))];
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // Why no run can have an outcome, or null, the judge, and the headers of every request.
    private static RunOutcome.Unknown? JudgeOf(
        Release release, string alias, string? extraPolicy, out AnswerJudge? judge, out ImmutableArray<KeyValuePair<string, string>> headers)
    {
        (judge, headers) = (null, []);
        if (release.Serving.Protocol != "openai")
        {
            return new($"gates ask in the OpenAI protocol, and {release.Name} speaks {release.Serving.Protocol}");
        }

        try
        {
            headers = release.Serving.HeadersWith(Environment.GetEnvironmentVariable);
            judge = AnswerJudge.Of(alias, release.GuardPolicy, extraPolicy);
            return null;
        }
        catch (GuardPolicyException e)
        {
            return new($"the guard policy of {release.Name} cannot be used: {e.Message}");
        }
        catch (MissingSecretException e)
        {
            return new(e.Message);
        }
    }

    private static byte[] BodyOf(Release release, GateCase asked)
    {
        var body = new JsonObject();
        foreach (var (name, value) in release.Parameters)
        {
            body[name] = JsonNode.Parse(value);
        }

        var messages = new JsonArray();
        if (release.SystemPrompt is not null)
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = release.SystemPrompt });
        }

        foreach (var message in asked.Messages)
        {
            messages.Add(new JsonObject { ["role"] = message.Role, ["content"] = message.Content });
        }

        body["model"] = release.Serving.Model;
        body["messages"] = messages;
        body["stream"] = false;
        body["n"] = 1;
        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    private async Task<RunOutcome> AskOnce(
        Uri replica, ImmutableArray<KeyValuePair<string, string>> headers, byte[] body, GateCase asked, AnswerJudge judge, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Serving.AddressOf(replica, "chat/completions"));
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = Json } };
            request.Headers.CacheControl = new() { NoCache = true, NoStore = true };
            request.Headers.Add("x-request-id", $"gate-{Guid.CreateVersion7():N}");
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            using var response = await _http.SendAsync(request, cancel);
            if (!response.IsSuccessStatusCode)
            {
                return new RunOutcome.Unknown($"{replica.Authority} answered {(int)response.StatusCode}");
            }

            return TextOf(await response.Content.ReadAsByteArrayAsync(cancel)) is { } text
                ? judge.Judge(asked, text)
                : new RunOutcome.Unknown($"{replica.Authority} sent no text");
        }
        catch (HttpRequestException e)
        {
            return new RunOutcome.Unknown($"{replica.Authority} cannot be reached: {e.HttpRequestError}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new RunOutcome.Unknown($"{replica.Authority} did not answer within {AnswerTimeout.TotalSeconds:0} s");
        }
    }

    // The text of the first choice, or null when the answer is no chat completion with text.
    private static string? TextOf(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}
