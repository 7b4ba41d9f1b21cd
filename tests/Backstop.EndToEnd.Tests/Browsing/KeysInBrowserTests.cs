using System.Net;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backstop.EndToEnd.Tests.Browsing;

/// <summary>Who gets to see the pages of a server that asks for keys, and what the others read.</summary>
public sealed class KeysInBrowserTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-browser-").FullName;

    public void Dispose()
    {
        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_key_that_may_look_opens_the_pages_until_it_is_revoked_and_any_other_is_told_why_not()
    {
        var cancel = TestContext.Current.CancellationToken;
        var data = Path.Combine(_directory, "data");
        var (code, made, errors) = await Shelled.Run("key", "create", "ops", "--scope", "admin", "--data", data, "--json");
        Assert.True(code == 0, errors);
        var http = ListenAddress.WithPort(new(IPAddress.Loopback, 0));
        await using var serve = await ChildProcess.Start(
            "serve", Path.Combine(_directory, "serve.log"), ["serve", "--http", $"{http}", "--fleet", "127.0.0.1:0", "--data", data], cancel);
        using var control = new ControlClient(new($"http://{http}"), (string)JsonNode.Parse(made)!["key"]!);
        var reader = (await control.CreateKey(new("ann", ["read"]), cancel)).Body.Key;
        var application = (await control.CreateKey(new("shop", ["invoke"]), cancel)).Body.Key;
        await using var browser = await Chromium.Start();

        await Expect((await Opened(HttpStatusCode.Unauthorized, reader[..^1])).GetByRole(AriaRole.Main)).ToContainTextAsync("No such key is known here.");
        await Expect((await Opened(HttpStatusCode.Forbidden, application)).GetByRole(AriaRole.Main)).ToContainTextAsync("'shop' has not the scope 'read', which this needs.");

        var page = (await Opened(HttpStatusCode.OK, reader)).GetByRole(AriaRole.Main);
        await control.RegisterRelease("v7", JsonNode.Parse("""{ "serving": { "model": "m", "replicas": [ "http://127.0.0.1:9" ] } }""")!.AsObject(), cancel);
        await control.CreateAlias(new("guarded:prod", "v7"), cancel);
        await Expect(page).ToContainTextAsync("guarded:prod");

        await control.RevokeKey("ann", "left", cancel);
        await Expect(page).ToContainTextAsync("of 'ann' was revoked at");
        await Expect(page).Not.ToContainTextAsync("guarded:prod");

        async Task<IPage> Opened(HttpStatusCode expected, string key)
        {
            var someone = await browser.Someone(new() { HttpCredentials = new() { Username = "anyone", Password = key } });
            var opened = await someone.NewPageAsync();
            Assert.Equal((int)expected, (await opened.GotoAsync($"http://{http}/"))!.Status);
            return opened;
        }
    }
}
