using Microsoft.Playwright;

namespace Backstop.EndToEnd.Tests.Browsing;

/// <summary>A real browser, the system's, without a window: what only a browser shows is looked at in one.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private const float Patience = 60_000; // ms

    private readonly IPlaywright _driver;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright driver, IBrowser browser) => (_driver, _browser) = (driver, browser);

    private static string Program { get; } = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
        .SelectMany(directory => (string[])[Path.Combine(directory, "chromium"), Path.Combine(directory, "chromium-browser"), Path.Combine(directory, "google-chrome")])
        .FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("These tests need Chromium: apt-get install chromium.");

    public static async Task<Chromium> Start()
    {
        Assertions.SetDefaultExpectTimeout(Patience);
        var driver = await Playwright.CreateAsync();
        try
        {
            // Its sandbox refuses root, and many containers refuse it; these pages are our own.
            return new(driver, await driver.Chromium.LaunchAsync(new() { ExecutablePath = Program, ChromiumSandbox = false }));
        }
        catch
        {
            driver.Dispose();
            throw;
        }
    }

    /// <summary>A browser as somebody has it who was never here. Dispose of it to close its pages.</summary>
    public async Task<IBrowserContext> Someone(BrowserNewContextOptions? options = null)
    {
        var context = await _browser.NewContextAsync(options);
        context.SetDefaultTimeout(Patience);
        return context;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _driver.Dispose();
    }
}
