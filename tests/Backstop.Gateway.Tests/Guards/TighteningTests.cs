using System.Net;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Guards;

/// <summary>A ring that is tightened on the live route, whichever release answers, and is what it was when that is over.</summary>
public sealed class TighteningTests
{
    private const string Lenient = """{"guard_policy":{"stages":{"output":{"checks":[{"use":"pii","action":"fix"}]}}}}""";
    private const string Codename = """{"tighten":[{"stages":{"output":{"checks":[{"use":"pattern","with":{"words":["bluebird"]}}]}}}]}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_is_held_to_what_the_alias_lays_beside_the_release_s_own_checks_until_that_is_lifted(bool stream)
    {
        await using var fleet = await SmallFleet.Start(manifest: Lenient);
        fleet.Seven.Answer = stream ? Answers.Stream(Answers.Sse(["It is ", "blue", "bird, says ada@example.com."])) : Answers.Chat("It is bluebird, says ada@example.com.");
        Assert.Contains("bluebird, says [EMAIL_ADDRESS]", Said(await fleet.Gateway.Chat("What is it?", stream), stream), StringComparison.Ordinal);

        var release = SmallFleet.Released("v7", fleet.Seven, Lenient);
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(release, generation: 2) with { Traffic = TrafficPolicy.Parse(Codename) });
        var reply = await fleet.Gateway.Chat("What is it?", stream);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.DoesNotContain("bluebird", Said(reply, stream), StringComparison.Ordinal);

        await fleet.Control.PublishAndAwait(SmallFleet.Plain(release, generation: 3));
        Assert.Contains("bluebird, says [EMAIL_ADDRESS]", Said(await fleet.Gateway.Chat("What is it?", stream), stream), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_without_checks_is_looked_at_too_and_what_stands_in_for_it_as_well()
    {
        const string none = """{"guard_policy":{"stages":{}}}""";
        await using var fleet = await SmallFleet.Start((old, young) => SmallFleet.Promoted(old, young) with { Traffic = TrafficPolicy.Parse(Codename) }, none);
        fleet.Eight.Answer = fleet.Seven.Answer = Answers.Chat("It is bluebird.");
        Assert.DoesNotContain("bluebird", (await fleet.Gateway.Chat("What is it?")).Body, StringComparison.Ordinal);
        Assert.Equal((1, 1), (fleet.Eight.Asked.Length, fleet.Seven.Asked.Length));
    }

    [Fact]
    public async Task A_request_is_held_to_it_before_a_release_is_asked()
    {
        await using var fleet = await SmallFleet.Start(
            SmallFleet.Under("""{"tighten":[{"stages":{"input":{"checks":[{"use":"pattern","with":{"words":["open sesame"]}}]}}}]}"""), Lenient);
        (await fleet.Gateway.Chat("Open sesame!")).IsError(HttpStatusCode.BadRequest, "content_filter");
        Assert.Equal("Hello.", (await fleet.Gateway.Chat("Hello?")).Text);
        Assert.Single(fleet.Seven.Asked);
    }

    private static string Said(Reply reply, bool stream) => stream ? reply.StreamedText : reply.Text;
}
