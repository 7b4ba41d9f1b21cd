using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Backstop.Core.Gates;

namespace Backstop.Client;

/// <summary>The control plane's REST API, typed.</summary>
/// <remarks>
/// Its views say what callers see, and are kept apart from the server's own types on purpose: a change of the API that would
/// break a script breaks here first.
/// </remarks>
/// <param name="server">Where it listens.</param>
/// <param name="key">The key or token to show; null for none.</param>
public sealed class ControlClient(Uri server, string? key = null) : IDisposable
{
    /// <summary>Holds the key of the command line: what stands on a command line every user of a machine can read.</summary>
    public const string KeyVariable = "BACKSTOP_KEY";

    /// <summary>How the API writes names.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly HttpClient _http = new()
    {
        BaseAddress = new Uri(server, "/api/v1/"),
        Timeout = TimeSpan.FromSeconds(60),
        DefaultRequestHeaders = { Authorization = key is null ? null : new("Bearer", key) },
    };

    public Uri Server { get; } = server;

    public Task<Reply<ReleaseView>> RegisterRelease(string name, JsonObject manifest, CancellationToken cancel) =>
        Post<ReleaseView>("releases", new { name, manifest }, cancel);

    public Task<Reply<ReleaseView[]>> Releases(string? after, int limit, CancellationToken cancel) =>
        Get<ReleaseView[]>(after is null ? $"releases?limit={limit}" : $"releases?after={Escape(after)}&limit={limit}", cancel);

    public Task<Reply<ReleaseView>> Release(string name, CancellationToken cancel) => Get<ReleaseView>($"releases/{Escape(name)}", cancel);

    public Task<Reply<DiffView>> Diff(string before, string after, CancellationToken cancel) =>
        Get<DiffView>($"releases/{Escape(before)}/diff/{Escape(after)}", cancel);

    public Task<Reply<ComponentView>> RegisterComponent(string kind, string name, JsonObject content, JsonObject? lineage, CancellationToken cancel) =>
        Post<ComponentView>($"components/{Escape(kind)}/{Escape(name)}", new { content, lineage }, cancel);

    public Task<Reply<ComponentView>> Component(string kind, string name, string version, CancellationToken cancel) =>
        Get<ComponentView>($"components/{Escape(kind)}/{Escape(name)}/{Escape(version)}", cancel);

    public Task<Reply<ComponentName[]>> Components(string? kind, string? name, string? after, int limit, CancellationToken cancel) =>
        Get<ComponentName[]>($"components?limit={limit}{Query("kind", kind)}{Query("name", name)}{Query("after", after)}", cancel);

    public Task<Reply<DiffView>> DiffComponents(string kind, string name, string before, string after, CancellationToken cancel) =>
        Get<DiffView>($"components/{Escape(kind)}/{Escape(name)}/{Escape(before)}/diff/{Escape(after)}", cancel);

    public Task<Reply<AliasPromptView>> AliasPrompt(string alias, CancellationToken cancel) =>
        Get<AliasPromptView>($"aliases/{Escape(alias)}/prompt", cancel);

    public Task<Reply<AliasView>> CreateAlias(NewAlias alias, CancellationToken cancel) => Post<AliasView>("aliases", alias, cancel);

    public Task<Reply<AliasView[]>> Aliases(CancellationToken cancel) => List<AliasView>("aliases", cancel);

    public Task<Reply<AliasView>> Alias(string name, CancellationToken cancel) => Get<AliasView>($"aliases/{Escape(name)}", cancel);

    public Task<Reply<JournalEntry[]>> History(string alias, CancellationToken cancel, long after = 0, int limit = 1000) =>
        Get<JournalEntry[]>($"aliases/{Escape(alias)}/history?after={after}&limit={limit}", cancel);

    public Task<Reply<DriftView>> Drift(string name, CancellationToken cancel) => Get<DriftView>($"aliases/{Escape(name)}/drift", cancel);

    public Task<Reply<SelfComparisonView>> SelfComparison(string name, CancellationToken cancel) =>
        Get<SelfComparisonView>($"aliases/{Escape(name)}/self-comparison", cancel);

    public Task<Reply<AliasAtView>> AliasAt(string name, DateTimeOffset time, CancellationToken cancel) =>
        Get<AliasAtView>($"aliases/{Escape(name)}/at/{time.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}", cancel);

    public Task<Reply<AliasView>> Swap(
        string alias, string release, long expectedGeneration, string reason, CancellationToken cancel, string? noWayBack = null, string? withoutGates = null) =>
        Post<AliasView>(
            $"aliases/{Escape(alias)}/swap", new { release, expected_generation = expectedGeneration, no_way_back = noWayBack, without_gates = withoutGates, reason }, cancel);

    /// <summary>Keeps what a suite of files found about a release.</summary>
    public Task<Reply<SuiteResultView>> RecordGate(string release, object result, CancellationToken cancel) =>
        Post<SuiteResultView>($"releases/{Escape(release)}/gate-results", result, cancel);

    public Task<Reply<JsonElement>> RecordProbes(string alias, object results, CancellationToken cancel) => Post<JsonElement>($"aliases/{Escape(alias)}/probes", results, cancel);

    public Task<Reply<SuiteResultView[]>> GateResults(string release, CancellationToken cancel) => Get<SuiteResultView[]>($"releases/{Escape(release)}/gate-results", cancel);

    public Task<Reply<AliasView>> Rollback(string alias, string reason, CancellationToken cancel) =>
        Post<AliasView>($"aliases/{Escape(alias)}/rollback", new { reason }, cancel);

    public Task<Reply<AliasView>> Approve(string alias, string release, string reason, CancellationToken cancel) =>
        Post<AliasView>($"aliases/{Escape(alias)}/approve", new { release, reason }, cancel);

    public Task<Reply<TrafficView>> Traffic(string alias, CancellationToken cancel) => Get<TrafficView>($"aliases/{Escape(alias)}/traffic", cancel);

    public Task<Reply<TrafficView>> Shape(string alias, JsonObject policy, string reason, CancellationToken cancel) =>
        Post<TrafficView>($"aliases/{Escape(alias)}/traffic", new { policy, reason }, cancel);

    public Task<Reply<RolloutView>> StartRollout(string alias, NewRollout rollout, CancellationToken cancel) =>
        Post<RolloutView>($"aliases/{Escape(alias)}/rollouts", rollout, cancel);

    public Task<Reply<RolloutView>> Rollout(string id, CancellationToken cancel) => Get<RolloutView>($"rollouts/{Escape(id)}", cancel);

    public Task<Reply<RolloutView>> AbortRollout(string id, string reason, CancellationToken cancel) => Tell(id, "abort", new { reason }, cancel);

    public Task<Reply<RolloutView>> PauseRollout(string id, string reason, CancellationToken cancel) => Tell(id, "pause", new { reason }, cancel);

    public Task<Reply<RolloutView>> ResumeRollout(string id, CancellationToken cancel) => Tell(id, "resume", new { }, cancel);

    public Task<Reply<RolloutView>> ApproveStep(string id, int step, CancellationToken cancel) => Tell(id, "approve", new { step }, cancel);

    public Task<Reply<RolloutView>> TripRollout(string id, string reason, CancellationToken cancel) => Tell(id, "trip", new { reason }, cancel);

    public Task<Reply<RolloutView>> ChangePlan(string id, JsonNode plan, string? approval, CancellationToken cancel) =>
        Tell(id, "plan", new { plan, approval }, cancel);

    public Task<Reply<ForecastView>> ForecastPlan(string id, JsonNode plan, string? approval, CancellationToken cancel) =>
        Post<ForecastView>($"rollouts/{Escape(id)}/plan/forecast", new { plan, approval }, cancel);

    public Task<Reply<RolloutView[]>> Rollouts(string alias, int limit, CancellationToken cancel) =>
        Get<RolloutView[]>(FormattableString.Invariant($"aliases/{Escape(alias)}/rollouts?limit={limit}"), cancel);

    public Task<Reply<ForecastView>> Forecast(string id, CancellationToken cancel) => Get<ForecastView>($"rollouts/{Escape(id)}/forecast", cancel);

    public Task<Reply<ForecastView>> ForecastRollout(string alias, NewRollout rollout, CancellationToken cancel) =>
        Post<ForecastView>($"aliases/{Escape(alias)}/rollouts/forecast", rollout, cancel);

    public Task<Reply<DrillView>> StartDrill(string alias, int basisPoints, string reason, CancellationToken cancel) =>
        Post<DrillView>($"aliases/{Escape(alias)}/drills", new { basis_points = basisPoints, reason }, cancel);

    public Task<Reply<DrillView>> Drill(string alias, CancellationToken cancel) => Get<DrillView>($"aliases/{Escape(alias)}/drill", cancel);

    public Task<Reply<AliasView>> AliasRule(string alias, string rule, object body, CancellationToken cancel) =>
        Post<AliasView>($"aliases/{Escape(alias)}/{rule}", body, cancel);

    public Task<Reply<IncidentView[]>> Incidents(string? alias, CancellationToken cancel) =>
        List<IncidentView>(alias is null ? "incidents" : $"incidents?alias={Escape(alias)}", cancel);

    public Task<Reply<IncidentView>> Incident(string id, CancellationToken cancel) => Get<IncidentView>($"incidents/{Escape(id)}", cancel);

    /// <summary>Does something to an incident: acknowledge, assign, severity, comments or resolve.</summary>
    public Task<Reply<IncidentView>> ChangeIncident(string id, string what, object body, CancellationToken cancel) =>
        Post<IncidentView>($"incidents/{Escape(id)}/{what}", body, cancel);

    /// <summary>What its diagnosis rests on.</summary>
    public Task<Reply<JsonElement>> Case(string id, CancellationToken cancel) => Get<JsonElement>($"incidents/{Escape(id)}/case", cancel);

    /// <summary>The draft of a postmortem, Markdown.</summary>
    public async Task<string> Postmortem(string id, CancellationToken cancel)
    {
        using var answer = await _http.GetAsync($"incidents/{Escape(id)}/postmortem", cancel);
        var text = await answer.Content.ReadAsStringAsync(cancel);
        return answer.IsSuccessStatusCode ? text : throw new ControlException(Explain(text, answer.StatusCode), answer.StatusCode);
    }

    /// <summary>Tells of something that was changed outside the registry.</summary>
    public Task<Reply<ChangeView>> ReportChange(object change, CancellationToken cancel) => Post<ChangeView>("changes", change, cancel);

    public Task<Reply<ReceiverView[]>> Receivers(CancellationToken cancel) => Get<ReceiverView[]>("notifications", cancel);

    public Task<Reply<TestView[]>> TestReceivers(string? to, CancellationToken cancel) => Post<TestView[]>("notifications/test", new { to }, cancel);

    public Task<Reply<GateProof>> Learn(string incident, CancellationToken cancel) =>
        Post<GateProof>($"incidents/{Escape(incident)}/learn", new { }, cancel);

    public Task<Reply<GateView[]>> Gates(CancellationToken cancel) => List<GateView>("gates", cancel);

    public Task<Reply<GateView>> SaveGate(object gate, CancellationToken cancel) => Post<GateView>("gates", gate, cancel);

    public Task<Reply<GateView>> Gate(string id, CancellationToken cancel) => Get<GateView>($"gates/{Escape(id)}", cancel);

    public Task<Reply<GateView>> SetGate(string id, GateState state, string reason, CancellationToken cancel) =>
        Post<GateView>($"gates/{Escape(id)}/state", new { state = state.ToString().ToLowerInvariant(), reason }, cancel);

    public Task<Reply<GateView>> DisputeGate(string id, string release, string reason, CancellationToken cancel) =>
        Post<GateView>($"gates/{Escape(id)}/dispute", new { release, reason }, cancel);

    public Task<Reply<MonitorView[]>> Monitors(CancellationToken cancel) => Get<MonitorView[]>("monitors", cancel);

    public Task<Reply<MonitorView>> Monitor(string id, CancellationToken cancel) => Get<MonitorView>($"monitors/{Escape(id)}", cancel);

    public Task<Reply<MonitorView>> SetMonitor(string id, GateState state, string reason, CancellationToken cancel) =>
        Post<MonitorView>($"monitors/{Escape(id)}/state", new { state = state.ToString().ToLowerInvariant(), reason }, cancel);

    public Task<Reply<MatrixView>> GateMatrix(string alias, CancellationToken cancel) => Post<MatrixView>("gates/matrix", new { alias }, cancel);

    public Task<Reply<GateResult>> RunGate(string id, string release, CancellationToken cancel) =>
        Post<GateResult>($"gates/{Escape(id)}/run", new { release }, cancel);

    public Task<Reply<JournalEntry[]>> Journal(long after, int limit, CancellationToken cancel) =>
        Get<JournalEntry[]>($"journal?after={after}&limit={limit}", cancel);

    public Task<Reply<NewKeyView>> CreateKey(NewKey key, CancellationToken cancel) => Post<NewKeyView>("keys", key, cancel);

    public Task<Reply<KeyView[]>> Keys(CancellationToken cancel) => List<KeyView>("keys", cancel);

    public Task<Reply<NewKeyView>> RotateKey(string name, long overlapSeconds, CancellationToken cancel) =>
        Post<NewKeyView>($"keys/{Escape(name)}/rotate", new { overlap_seconds = overlapSeconds }, cancel);

    public Task<Reply<KeyView>> RevokeKey(string nameOrPrefix, string reason, CancellationToken cancel) =>
        Post<KeyView>($"keys/{Escape(nameOrPrefix)}/revoke", new { reason }, cancel);

    public Task<Reply<GatewayView[]>> Gateways(CancellationToken cancel) => Get<GatewayView[]>("gateways", cancel);

    public Task<Reply<ForgottenGateway>> ForgetGateway(string id, string reason, CancellationToken cancel) =>
        Post<ForgottenGateway>($"gateways/{Escape(id)}/forget", new { reason }, cancel);

    public Task<Reply<JournalCheck>> CheckJournal(CancellationToken cancel) => Get<JournalCheck>("journal/check", cancel);

    public void Dispose() => _http.Dispose();

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Escape(value)}";

    private static string Escape(string segment) => Uri.EscapeDataString(segment);

    private Task<Reply<RolloutView>> Tell(string id, string what, object body, CancellationToken cancel) =>
        Post<RolloutView>($"rollouts/{Escape(id)}/{what}", body, cancel);

    /// <summary>All of a list, however many pages it has.</summary>
    private async Task<Reply<T[]>> List<T>(string path, CancellationToken cancel)
    {
        var first = await Get<T[]>(path, cancel);
        if (first.Next is null)
        {
            return first;
        }

        var (items, texts) = (first.Body.ToList(), JsonNode.Parse(first.Text)!.AsArray());
        for (var next = first.Next; next is not null;)
        {
            var page = await Get<T[]>(next, cancel);
            items.AddRange(page.Body);
            foreach (var text in JsonNode.Parse(page.Text)!.AsArray())
            {
                texts.Add(text?.DeepClone());
            }

            next = page.Next;
        }

        return new([.. items], texts.ToJsonString());
    }

    // Link: <…>; rel="next" (RFC 8288): where a list goes on.
    private static string? NextOf(HttpResponseMessage response) => response.Headers.TryGetValues("Link", out var links)
        ? links.FirstOrDefault(l => l.EndsWith("rel=\"next\"", StringComparison.Ordinal))?.Split('<', '>')[1]
        : null;

    private Task<Reply<T>> Get<T>(string path, CancellationToken cancel) =>
        Send<T>(new HttpRequestMessage(HttpMethod.Get, path), cancel);

    private Task<Reply<T>> Post<T>(string path, object body, CancellationToken cancel) =>
        Send<T>(new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, options: Json) }, cancel);

    private async Task<Reply<T>> Send<T>(HttpRequestMessage request, CancellationToken cancel)
    {
        try
        {
            using (request)
            using (var response = await _http.SendAsync(request, cancel))
            {
                var text = await response.Content.ReadAsStringAsync(cancel);
                return response.IsSuccessStatusCode
                    ? new(JsonSerializer.Deserialize<T>(text, Json)!, text) { Next = NextOf(response) }
                    : throw new ControlException(Explain(text, response.StatusCode), response.StatusCode);
            }
        }
        catch (HttpRequestException e) when (e.StatusCode is null)
        {
            throw new ControlException(
                $"Nothing answers at {Server.GetLeftPart(UriPartial.Authority)}. Start it, or name another address with --server.", null);
        }
        catch (JsonException e)
        {
            throw new ControlException($"{Server} answered something that is not the Backstop API ({e.Message}).", null);
        }
    }

    /// <summary>The sentence inside a problem document (RFC 9457), or the status when there is none.</summary>
    private static string Explain(string text, HttpStatusCode status)
    {
        try
        {
            var problem = JsonNode.Parse(text) as JsonObject;
            return (string?)problem?["detail"] ?? (string?)problem?["title"] ?? $"The server answered {(int)status}.";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return $"The server answered {(int)status}.";
        }
    }
}

/// <summary>An answer: typed, and as it was written, so that <c>--json</c> shows what the server said.</summary>
public sealed record Reply<T>(T Body, string Text)
{
    /// <summary>Where the list goes on, or null.</summary>
    public string? Next { get; init; }
}

/// <summary>The control plane refused or could not be reached; the message says what to do.</summary>
/// <param name="message">For people.</param>
/// <param name="status">What it answered, or null when it did not.</param>
public sealed class ControlException(string message, HttpStatusCode? status) : Exception(message)
{
    public HttpStatusCode? Status { get; } = status;
}
