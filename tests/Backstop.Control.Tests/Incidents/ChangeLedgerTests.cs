using System.Collections.Immutable;
using System.Net;
using Backstop.Control.Incidents;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Incidents;

/// <summary>Others tell what they changed and what rings; the open incident is diagnosed with it at once.</summary>
public sealed class ChangeLedgerTests : IAsyncLifetime
{
    private ControlServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ControlServer.Start();
        await _server.Register("v7", new("http://127.0.0.1:9"), "good");
        await _server.Register("v8", new("http://127.0.0.1:9"), "bad");
        await _server.CreateAlias("ranker:prod", "v7");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_change_is_kept_once_however_often_it_is_told_and_the_journal_stays_whole()
    {
        var change = new { id = "run-5512", parts = new[] { "features" }, what = "feature pipeline run 5512" };
        var (first, again) = (await _server.Post("changes", change), await _server.Post("changes", change));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.Status, again.Status));
        Assert.Equal("run-5512", (string?)Assert.Single((await _server.Get("changes")).AsArray())!["id"]);
        Assert.True((bool)(await _server.Get("journal/check"))["intact"]!);
    }

    [Theory]
    [InlineData("modle", "feature pipeline", "Did you mean 'model'")]
    [InlineData("model", " ", "'what' must have 1 to 500 characters")]
    public async Task A_change_that_says_nothing_is_refused_with_what_to_write(string part, string what, string expected)
    {
        var (status, body) = await _server.Post("changes", new { parts = new[] { part }, what });

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(expected, (string)body["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_and_a_change_turn_a_fall_of_both_arms_into_a_named_suspect()
    {
        var id = await RaiseSharedFall();
        Assert.InRange(Sure(await _server.Get($"incidents/{id}")), 0, 0.6);

        await _server.Post("changes", new { parts = new[] { "features" }, what = "feature pipeline run 5512", at = DateTimeOffset.UtcNow.AddMinutes(-3) });
        var (status, taken) = await _server.Post("changes/alertmanager", Webhook("FeatureNullRateHigh"));

        var incident = await _server.Get($"incidents/{id}");
        Assert.Equal((HttpStatusCode.OK, 1), (status, (int)taken["taken"]!));
        Assert.Equal("data", Top(incident));
        Assert.InRange(Sure(incident), 0.6, 1);
        Assert.Equal("does_not_help", (string?)incident["rollback"]);
        Assert.Contains("features", (string)incident["mitigation"]!["first"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(2, incident["changes"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_case_of_an_incident_can_be_taken_away_and_diagnosed_anywhere_with_the_same_answer()
    {
        var id = await RaiseSharedFall();
        await _server.Post("changes/alertmanager", Webhook("RetrievalErrorsHigh"));

        var incident = await _server.Get($"incidents/{id}");
        var findings = Investigation.Of(CaseReader.Read(await _server.Api.GetStringAsync($"/api/v1/incidents/{id}/case", TestContext.Current.CancellationToken)));
        Assert.Equal(Top(incident), SignatureTable.Snake(findings.Suspects[0].Kind));
        Assert.Equal((double)incident["suspects"]![0]!["probability"]!, findings.Suspects[0].Probability, 1e-6);
    }

    [Theory]
    [InlineData("""{"version":"4"}""")]
    [InlineData("""{"alerts":[{"status":"firing","labels":{}}]}""")]
    public async Task What_is_no_webhook_of_Alertmanager_is_refused(string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _server.Api.PostAsync("/api/v1/changes/alertmanager", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    // As Alertmanager 0.27 sends it.
    private static object Webhook(string name) => new
    {
        version = "4",
        groupKey = "{}:{}",
        truncatedAlerts = 0,
        status = "firing",
        receiver = "backstop",
        groupLabels = new { },
        commonLabels = new { alertname = name },
        commonAnnotations = new { },
        externalURL = "http://alertmanager:9093",
        alerts = new[]
        {
            new
            {
                status = "firing",
                labels = new { alertname = name, severity = "warning" },
                annotations = new { summary = "it rings" },
                startsAt = DateTimeOffset.UtcNow.ToString("O"),
                endsAt = "0001-01-01T00:00:00Z",
                generatorURL = "http://prometheus:9090/graph",
                fingerprint = "1d39ec3bf9cdf3a1",
            },
        },
    };

    private static string? Top(System.Text.Json.Nodes.JsonNode incident) => (string?)incident["suspects"]![0]!["suspect"];

    private static double Sure(System.Text.Json.Nodes.JsonNode incident) => (double)incident["suspects"]![0]!["probability"]!;

    private async Task<string> RaiseSharedFall()
    {
        var book = _server.Services.GetRequiredService<IncidentBook>();
        var releases = (await _server.Get("releases")).AsArray();
        string Digest(string name) => (string)releases.Single(r => (string?)r!["name"] == name)!["digest"]!;
        var incident = await book.Raise(new()
        {
            Alias = "ranker:prod",
            Release = Digest("v8"),
            Baseline = Digest("v7"),
            Blamed = false,
            Reason = "one arm alone is above its ceiling",
            Judgement = BothArms(failing: 0.3),
        });
        return incident.Id;
    }

    private static Judgement BothArms(double failing)
    {
        var rates = new double[Enum.GetValues<Outcome>().Length];
        (rates[(int)Outcome.Wrong], rates[(int)Outcome.Correct]) = (failing, 1 - failing);
        ArmEvidence arm = new(1500, [.. rates], CeilingEvidence.None);
        return new()
        {
            Verdict = Verdict.Inconclusive,
            Reason = "both arms are worse",
            Shared = true,
            Groups = ImmutableArray<GroupEvidence>.Empty,
            Units = 3000,
            Tested = arm,
            Control = arm,
            AssignmentLogE = 0,
            ConfirmationLogE = 0,
            Digest = "00",
        };
    }
}
