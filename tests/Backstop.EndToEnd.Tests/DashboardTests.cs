using System.Net;

namespace Backstop.EndToEnd.Tests;

/// <summary>What an operator sees in a browser is what the API says.</summary>
[Collection<OneServer>]
public sealed class DashboardTests(RunningBackstop backstop)
{
    [Fact]
    public async Task The_first_page_says_what_every_alias_serves()
    {
        var cancel = TestContext.Current.CancellationToken;
        var alias = await backstop.Converged(cancel);
        var page = await Page("/");

        Assert.Contains(alias.Name, page, StringComparison.Ordinal);
        Assert.Contains($"{alias.Current.Name} <span class=\"quiet\">generation {alias.Generation}, 1 of 1 gateways", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_done_on_the_live_route_is_seen_until_it_is_over()
    {
        var cancel = TestContext.Current.CancellationToken;
        var alias = (await backstop.Control.AliasRule(
            RunningBackstop.Alias, "mitigations", new { kind = "bypass", indexes = new[] { "kb-41" }, for_ms = 3_600_000, reason = "<b>stale</b>" }, cancel)).Body;
        Assert.Contains("no retrieved documents of kb-41 <span class=\"quiet\">until", await Page("/"), StringComparison.Ordinal);
        Assert.DoesNotContain("<b>stale", await Page("/"), StringComparison.Ordinal);

        await backstop.Control.AliasRule(RunningBackstop.Alias, $"mitigations/{alias.Mitigations[^1].Id}/lift", new { reason = "over" }, cancel);
        Assert.DoesNotContain("no retrieved documents", await Page("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_wrote_is_text_and_never_markup()
    {
        var page = await Page("/incidents/" + Uri.EscapeDataString("<script>alert(1)</script>"));

        Assert.Contains("There is no incident", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
    }

    private async Task<string> Page(string path)
    {
        using var http = new HttpClient { BaseAddress = backstop.Http };
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
