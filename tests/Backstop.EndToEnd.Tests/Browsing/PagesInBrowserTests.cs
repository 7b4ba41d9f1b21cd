using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backstop.EndToEnd.Tests.Browsing;

/// <summary>The pages as whoever is on call has them open.</summary>
public sealed class PagesInBrowserTests(BrowsedBackstop backstop) : IClassFixture<BrowsedBackstop>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Home => backstop.Server.Http.ToString();

    private string IncidentPage => $"{Home}incidents/{backstop.Incident}";

    [Fact]
    public async Task Every_page_loads_without_an_error_in_the_console_or_a_request_that_fails()
    {
        await using var someone = await backstop.Browser.Someone();
        var page = await someone.NewPageAsync();
        var faults = new List<string>();
        page.Console += (_, message) => faults.AddRange(message.Type is "error" or "warning" ? [message.Text] : []);
        page.PageError += (_, error) => faults.Add(error);
        page.Response += (_, answer) => faults.AddRange(answer.Status >= 400 ? [$"{answer.Status} {answer.Url}"] : []);

        await page.GotoAsync(Home);
        await page.GetByRole(AriaRole.Link, new() { Name = backstop.Incident }).Last.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "The release is to blame" })).ToBeVisibleAsync();
        await page.WaitForResponseAsync(IncidentPage); // It looks again.
        await page.GetByRole(AriaRole.Link, new() { Name = "Backstop" }).ClickAsync();
        await Expect(page).ToHaveTitleAsync("what is served now · Backstop");

        Assert.Empty(faults);
    }

    [Fact]
    public async Task An_open_page_follows_a_rollout_until_it_is_taken_back_and_is_never_loaded_again()
    {
        await using var someone = await backstop.Browser.Someone();
        var page = await someone.NewPageAsync();
        await page.GotoAsync(Home);
        await page.EvaluateAsync("window.sameAsEver = true");
        var card = page.Locator("section", new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = "followed:prod", Exact = true }) });

        var rollout = await backstop.Canary("followed:prod", "v8-followed", Cancel);
        await Expect(card).ToContainTextAsync("canary of v8-followed over v7");
        await Expect(card).ToContainTextAsync("v8-followed 5%");

        var incident = await backstop.TakenBack(rollout, Cancel);
        await Expect(card).ToContainTextAsync("rolled back of v8-followed over v7 api: leaked a telephone number of a customer " + incident);
        await Expect(card).Not.ToContainTextAsync("5%");
        Assert.True(await page.EvaluateAsync<bool>("window.sameAsEver"));
    }

    [Fact]
    public async Task What_somebody_selected_and_where_he_tabbed_to_stays_while_the_page_takes_over_what_is_new()
    {
        await using var someone = await backstop.Browser.Someone();
        var page = await someone.NewPageAsync();
        await page.GotoAsync(Home);
        var link = page.GetByRole(AriaRole.Link, new() { Name = backstop.Incident }).Last;
        for (var tabs = 0; tabs < 20 && !await link.EvaluateAsync<bool>("link => link === document.activeElement"); tabs++)
        {
            await page.Keyboard.PressAsync("Tab");
        }

        await page.GetByText(BrowsedBackstop.LongAlias).First.EvaluateAsync("name => getSelection().selectAllChildren(name)");

        // Above what is selected and in the same list as the link: both move.
        await backstop.TakenBack(await backstop.Canary("above:prod", "v8-above", Cancel), Cancel);
        await Expect(page.GetByText("above:prod, v8-above")).ToBeVisibleAsync();

        Assert.Equal(BrowsedBackstop.LongAlias, await page.EvaluateAsync<string>("getSelection().toString()"));
        await Expect(link).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(IncidentPage);
    }

    [Fact]
    public async Task A_page_outlives_its_server_says_since_when_it_may_be_wrong_and_goes_on_with_the_next_one()
    {
        await using var someone = await backstop.Browser.Someone();
        var page = await someone.NewPageAsync();
        await page.GotoAsync(Home);
        var note = page.GetByText("No answer since");
        await Expect(note).ToBeHiddenAsync();

        await backstop.Server.KillServe();
        try
        {
            await Expect(note).ToBeVisibleAsync();
            await Expect(page.GetByText(BrowsedBackstop.LongAlias).First).ToBeVisibleAsync();
        }
        finally
        {
            await backstop.Server.StartServe(Cancel);
            await backstop.Server.Converged(Cancel);
        }

        await backstop.Server.Control.CreateAlias(new("afterwards:prod", "v7"), Cancel);
        await Expect(page.GetByText("afterwards:prod")).ToBeVisibleAsync();
        await Expect(note).ToBeHiddenAsync();
    }

    [Fact]
    public async Task A_page_that_cannot_be_shown_says_why_and_comes_by_itself_once_it_can()
    {
        await using var someone = await backstop.Browser.Someone();
        var page = await someone.NewPageAsync();
        await Store("ALTER TABLE Incidents RENAME TO Gone");
        try
        {
            Assert.Equal((int)HttpStatusCode.InternalServerError, (await page.GotoAsync(Home))!.Status);
            await Expect(page.GetByText("Its log has the cause.")).ToBeVisibleAsync();
        }
        finally
        {
            await Store("ALTER TABLE Gone RENAME TO Incidents");
        }

        await Expect(page.GetByText(BrowsedBackstop.LongAlias).First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task On_a_telephone_nothing_reaches_beyond_the_screen_and_nothing_is_squeezed_into_a_column_of_letters()
    {
        await using var someone = await backstop.Browser.Someone(new() { ViewportSize = new() { Width = 360, Height = 740 }, IsMobile = true, HasTouch = true });
        var page = await someone.NewPageAsync();
        foreach (var address in (string[])[Home, IncidentPage])
        {
            await page.GotoAsync(address);
            Assert.Equal(360, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
            Assert.Empty(await page.EvaluateAsync<string[]>("[...document.querySelectorAll('td')].map(c => c.innerText + ': ' + c.clientWidth).filter(c => c.length > 20 && c.split(': ').at(-1) < 120)"));
        }
    }

    [Fact]
    public async Task Without_script_the_page_loads_itself_again()
    {
        await using var someone = await backstop.Browser.Someone(new() { JavaScriptEnabled = false });
        var page = await someone.NewPageAsync();
        await page.GotoAsync(Home);

        await backstop.Server.Control.CreateAlias(new("unscripted:prod", "v7"), Cancel);
        await Expect(page.GetByText("unscripted:prod")).ToBeVisibleAsync();
    }

    private async Task Store(string sql)
    {
        await using var store = new SqliteConnection($"Data Source={Path.Combine(backstop.Server.Data, "backstop.db")};Pooling=false");
        await store.OpenAsync(Cancel);
        await using var command = store.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }
}
