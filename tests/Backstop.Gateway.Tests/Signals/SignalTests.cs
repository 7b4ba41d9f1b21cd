using System.Net;
using Backstop.Core.Evidence;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Signals;

/// <summary>Every request is counted once, whatever became of it, and labels find the request they are about.</summary>
public sealed class SignalTests
{
    private static readonly string[] Delivered = ["Unlabelled:Unlabelled"];

    [Fact]
    public async Task Every_request_that_was_assigned_is_counted_once()
    {
        await using var fleet = await SmallFleet.Start();
        for (var i = 0; i < 20; i++)
        {
            await fleet.Gateway.Chat("Hello?", stream: i % 2 == 0);
        }

        // Refused before a release was chosen: nobody's evidence.
        await fleet.Gateway.Chat("Hello?", alias: "nobody:prod");
        await fleet.Gateway.Post("{");

        Assert.Equal(Enumerable.Repeat(Delivered[0], 20), await Reported.Of(fleet, EvidenceGroup.Form, 20));
        Assert.Equal(20, fleet.Control.Batches.SelectMany(b => b.Started).Sum(s => s.Count));
    }

    [Fact]
    public async Task A_request_whose_caller_left_is_counted_and_is_no_failure_of_the_release()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Hang();
        using var leaving = new CancellationTokenSource();
        var waiting = fleet.Gateway.Begin(RunningGateway.Request("Hello?").ToJsonString(), "one", leaving.Token);
        await Eventually.Is(() => fleet.Seven.Asked, asked => asked.Length == 1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        Assert.Equal(["Unlabelled:Failed"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_stream_whose_caller_left_in_the_middle_is_counted_once()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Seven.Answer = Answers.Paused(
            Answers.Sse([Answers.Story], ends: false), new TaskCompletionSource().Task, []);
        using var leaving = new CancellationTokenSource();
        using (await fleet.Gateway.Begin(RunningGateway.Request("Hello?", stream: true).ToJsonString(), "one", leaving.Token))
        {
            await leaving.CancelAsync();
        }

        Assert.Equal(["Unlabelled:Failed"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Theory]
    [InlineData(true, "Correct:Correct")]
    [InlineData(false, "Wrong:Wrong")]
    public async Task Feedback_joins_the_request_it_is_about(bool correct, string counted)
    {
        await using var fleet = await SmallFleet.Start(Patient);
        await fleet.Gateway.Chat("Hello?", id: "one");
        Assert.Equal(HttpStatusCode.Accepted, (await fleet.Gateway.Feedback("one", correct)).Status);

        Assert.Equal([counted], await Reported.Of(fleet, EvidenceGroup.Quality, 1));
        Assert.Equal(Delivered, await Reported.Of(fleet, EvidenceGroup.Form, 1));
        (await fleet.Gateway.Feedback("one", correct)).IsError(HttpStatusCode.NotFound, "unknown_request");
    }

    [Theory]
    [InlineData(0.5, "Correct:Correct")]
    [InlineData(0.49, "Wrong:Wrong")]
    public async Task A_score_counts_as_right_from_one_half_on(double score, string counted)
    {
        await using var fleet = await SmallFleet.Start(Patient);
        await fleet.Gateway.Chat("Hello?", id: "one");
        await fleet.Gateway.Post($$"""{"request_id":"one","score":{{score}}}""", "/v1/feedback");

        Assert.Equal([counted], await Reported.Of(fleet, EvidenceGroup.Quality, 1));
    }

    [Fact]
    public async Task Feedback_that_overtakes_the_end_of_its_stream_is_kept_and_counts()
    {
        var go = new TaskCompletionSource();
        await using var fleet = await SmallFleet.Start(Patient);
        fleet.Seven.Answer = Answers.Paused(
            Answers.Sse([Answers.Story], ends: false), go.Task, Answers.Sse(["That is all."]));
        var body = RunningGateway.Request("Hello?", stream: true).ToJsonString();
        using var response = await fleet.Gateway.Begin(body, "one", TestContext.Current.CancellationToken);
        var early = await fleet.Gateway.Feedback("one", correct: false);
        go.SetResult();
        var reply = await Reply.Of(response);

        Assert.Equal(HttpStatusCode.Accepted, early.Status);
        Assert.Equal(Answers.Story + "That is all.", reply.StreamedText);
        Assert.Equal(["Wrong:Wrong"], await Reported.Of(fleet, EvidenceGroup.Quality, 1));
        (await fleet.Gateway.Feedback("one", correct: true)).IsError(HttpStatusCode.NotFound, "unknown_request");
    }

    [Fact]
    public async Task A_blocked_answer_cannot_be_labelled_into_a_good_one()
    {
        await using var fleet = await SmallFleet.Start((old, young) => Patient(old, young) with { Current = young.Digest, Previous = old.Digest, HoldbackBasisPoints = 1 });
        fleet.Eight.Answer = Answers.Chat(Answers.Toxic);
        await fleet.Gateway.Chat("Hello?", id: "one");

        (await fleet.Gateway.Feedback("one", correct: true)).IsError(HttpStatusCode.NotFound, "unknown_request");
        Assert.Equal(["ToxicBlocked:Reasked"], await Reported.Of(fleet, EvidenceGroup.Quality, 1));
    }

    [Fact]
    public async Task A_failing_request_is_kept_redacted_only_where_the_alias_asks_for_it()
    {
        await using var fleet = await SmallFleet.Start((old, young) => Patient(old, young) with { CaptureSamples = true });
        await fleet.Gateway.Chat("I am ann@example.com. What is 4 + 5?", id: "one");
        await fleet.Gateway.Feedback("one", correct: false);
        var sample = (await Eventually.Is(() => fleet.Control.Batches.SelectMany(b => b.Samples).ToArray(), s => s.Length == 1))[0];

        Assert.Equal("Wrong", sample.Outcome);
        Assert.Contains("[EMAIL_ADDRESS]", sample.Messages, StringComparison.Ordinal);
        Assert.DoesNotContain("ann@", sample.Messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_text_and_no_id_of_a_good_request_leaves_the_gateway_without_leave()
    {
        await using var fleet = await SmallFleet.Start();
        await fleet.Gateway.Chat("The secret is swordfish.", id: "one");
        await Reported.Of(fleet, EvidenceGroup.Form, 1);

        Assert.DoesNotContain("swordfish", string.Concat(fleet.Control.Batches.Select(b => b.ToString())), StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", string.Concat(fleet.Gateway.Log.Lines), StringComparison.Ordinal);
    }

    // Waits so long for labels that a slow machine does not make a test's label late.
    private static Core.Routing.Route Patient(Core.Registry.Release old, Core.Registry.Release young) =>
        SmallFleet.Plain(old) with { LabelDeadline = TimeSpan.FromMinutes(5) };
}
