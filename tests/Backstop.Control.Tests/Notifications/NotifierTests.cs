using System.Collections.Immutable;
using System.Net;
using Backstop.Control.Incidents;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Notifications;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Notifications;

/// <summary>Everybody is told once, in order, in the form that the real receiver takes, however often something in between fails.</summary>
public sealed class NotifierTests(PostgresFixture postgres) : IAsyncLifetime
{
    internal const string HookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly MailServer _mail = new();
    private Receivers _receivers = null!;

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("NOTIFIER_TEST_KEY", new string('k', 32));
        Environment.SetEnvironmentVariable("NOTIFIER_TEST_SECRET", HookSecret);
        _receivers = await Receivers.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _mail.DisposeAsync();
        await _receivers.DisposeAsync();
    }

    [Fact]
    public async Task An_incident_is_told_to_everybody_in_their_own_form_and_each_stage_once()
    {
        await using var server = await ControlServer.Start(receivers: Everybody());
        var id = await Raise(server);
        await server.Post($"incidents/{id}/acknowledge", new { });
        await server.Post($"incidents/{id}/resolve", new { });
        await Eventually.Is(() => Task.FromResult(_receivers.At("/hook").Count()), n => n == 3);
        await Eventually.Is(() => Task.FromResult(_mail.Letters.Count), n => n == 3);
        await Eventually.Is(() => Task.FromResult(_receivers.At("/v2/change/enqueue").Count()), n => n >= 1);
        await Eventually.Is(() => Task.FromResult(_receivers.At("/api/v2/alerts").Count()), n => n >= 3);
        await Eventually.Is(() => Task.FromResult(_receivers.At("/slack").Count() + _receivers.At("/teams").Count()), n => n == 6);
        await Eventually.Is(() => Task.FromResult(_receivers.At("/v2/enqueue").Count()), n => n == 3);

        Assert.Equal(["trigger", "acknowledge", "resolve"], _receivers.At("/v2/enqueue").Select(e => (string?)e["event_action"]));
        Assert.Equal([id], _receivers.At("/v2/enqueue").Select(e => (string?)e["dedup_key"]).Distinct());
        Assert.Equal(["incident.opened", "incident.acknowledged", "incident.resolved"], _receivers.At("/hook").Select(e => (string?)e["type"]));
        Assert.Single(_receivers.At("/api/v2/alerts").Select(a => a[0]!["labels"]!.ToJsonString()).Distinct());
        Assert.InRange(DateTimeOffset.Parse((string)_receivers.At("/api/v2/alerts").Last()[0]!["endsAt"]!, System.Globalization.CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
        Assert.Contains("pipeline run 5512", (string?)_receivers.At("/v2/change/enqueue").First()["payload"]!["summary"], StringComparison.Ordinal);
        Assert.All(_mail.Letters, l => Assert.Contains("ann@example.com", l.To, StringComparison.Ordinal));
        Assert.Contains($"<{id}-opened@backstop>", _mail.Letters.First().Letter, StringComparison.Ordinal);
        Assert.True((bool)(await server.Get("journal/check"))["intact"]!);
    }

    [Fact]
    public async Task Who_was_away_hears_it_later_and_who_was_told_is_not_told_again_after_a_restart()
    {
        var data = Directory.CreateTempSubdirectory("backstop-notify-").FullName;
        ImmutableArray<Destination> hook = [.. Everybody().Where(d => d.Channel is Channel.Webhook)];
        _receivers.Away = 2;
        await using (var server = await ControlServer.Start(data, receivers: hook))
        {
            await Raise(server);
            await Eventually.Is(() => Task.FromResult(_receivers.At("/hook").Count()), n => n == 1);
            await Eventually.Is(() => server.Get("journal?limit=100"), j => j.ToJsonString().Contains("notice_sent", StringComparison.Ordinal));
        }

        await using (var again = await ControlServer.Start(data, receivers: hook))
        {
            var id = (string)(await again.Get("incidents"))[0]!["id"]!;
            await again.Post($"incidents/{id}/resolve", new { });
            await Eventually.Is(() => Task.FromResult(_receivers.At("/hook").Count()), n => n == 2);
        }

        Assert.Equal(["incident.opened", "incident.resolved"], _receivers.At("/hook").Select(e => (string?)e["type"]));
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_receiver_that_refuses_is_not_asked_for_ever_and_a_test_says_why()
    {
        Environment.SetEnvironmentVariable("NOTIFIER_TEST_SHORT", "too short");
        var wrong = new Destination("oncall", Channel.Pagerduty) { Url = _receivers.Url, SecretVariable = "NOTIFIER_TEST_SHORT" };
        await using var server = await ControlServer.Start(receivers: [wrong, .. Everybody().Where(d => d.Channel == Channel.Slack)]);
        var (status, results) = await server.Post("notifications/test", new { });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal([("oncall", false), ("slack", true)], results.AsArray().Select(r => ((string)r!["name"]!, (bool)r["arrived"]!)));
        Assert.Contains("should be 32 characters", (string)results[0]!["why"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Post("notifications/test", new { to = "nobody" })).Status);
        await Raise(server);
        await Eventually.Is(() => server.Get("journal?limit=100"), j => j.ToJsonString().Contains("notice_refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nobody_is_told_of_what_they_do_not_want_to_hear()
    {
        ImmutableArray<Destination> picky =
        [
            Hook("severe") with { Least = Core.Incidents.IncidentSeverity.Severe }, Hook("others") with { Aliases = ["assistant:*"] }, Hook("mine") with { Aliases = ["ranker:*"] },
        ];
        await using var server = await ControlServer.Start(receivers: picky);
        await Raise(server);
        var journal = await Eventually.Is(() => server.Get("journal?limit=100"), j => j.ToJsonString().Contains("notice_sent", StringComparison.Ordinal));

        Assert.Contains("to mine", journal.ToJsonString(), StringComparison.Ordinal);
        Assert.Single(_receivers.At("/hook"));
    }

    [Fact]
    public async Task Two_control_planes_on_one_store_tell_each_stage_once_and_one_takes_over_from_the_other()
    {
        var store = await postgres.NewDatabase();
        var one = await ControlServer.Start(store: store, receivers: [Hook("hook")]);
        await using var two = await ControlServer.Start(store: store, receivers: [Hook("hook")]);
        var id = await Raise(one);
        await Stages(id, two, 3);

        // Whichever held the lease, what is raised after the end of the other is told as well.
        await one.Stop();
        var next = await Alarm(two, "assistant:prod");
        await Stages(next, two, 6);

        string[] Expected(string incident) => [$"{incident}-opened", $"{incident}-acknowledged", $"{incident}-resolved"];
        Assert.Equal([.. Expected(id), .. Expected(next)], _receivers.Ids);
    }

    private async Task Stages(string id, ControlServer server, int told)
    {
        await Eventually.Is(() => Task.FromResult(_receivers.At("/hook").Count()), n => n == told - 2);
        await server.Post($"incidents/{id}/acknowledge", new { });
        await Eventually.Is(() => Task.FromResult(_receivers.At("/hook").Count()), n => n == told - 1);
        await server.Post($"incidents/{id}/resolve", new { });
        await Eventually.Is(() => Task.FromResult(_receivers.At("/hook").Count()), n => n == told);
    }

    private ImmutableArray<Destination> Everybody() =>
    [
        new("oncall", Channel.Pagerduty) { Url = _receivers.Url, SecretVariable = "NOTIFIER_TEST_KEY" },
        new("alertmanager", Channel.Alertmanager) { Url = _receivers.Url },
        new("slack", Channel.Slack) { Url = new(_receivers.Url, "/slack") },
        new("teams", Channel.Teams) { Url = new(_receivers.Url, "/teams") },
        Hook("hook"),
        new("mail", Channel.Email) { Host = "127.0.0.1", Port = _mail.Port, Tls = false, From = "backstop@example.com", Recipients = ["ann@example.com"] },
    ];

    private Destination Hook(string name) => new(name, Channel.Webhook) { Url = new(_receivers.Url, "/hook"), SecretVariable = "NOTIFIER_TEST_SECRET" };

    private static async Task<string> Raise(ControlServer server)
    {
        await server.Register("v7", new("http://127.0.0.1:9"), "good");
        await server.Register("v8", new("http://127.0.0.1:9"), "bad");
        await server.Post("changes", new { id = "run-5512", parts = new[] { "features" }, what = "pipeline run 5512" });
        return await Alarm(server, "ranker:prod");
    }

    private static async Task<string> Alarm(ControlServer server, string alias)
    {
        var releases = (await server.Get("releases")).AsArray();
        string Digest(string name) => (string)releases.Single(r => (string?)r!["name"] == name)!["digest"]!;
        return (await server.Services.GetRequiredService<IncidentBook>().Raise(new()
        {
            Alias = alias, Release = Digest("v8"), Baseline = Digest("v7"), Blamed = false, Reason = "answers are worse <and> slower & rarer",
        })).Id;
    }
}
