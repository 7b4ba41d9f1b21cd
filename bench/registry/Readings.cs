using System.Diagnostics;
using System.Globalization;
using System.Net;
using Backstop.Control.Hosting;
using Backstop.Control.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.RegistryBench;

/// <summary>Asks a whole control plane over HTTP, one request after the other, each time about another alias, release or time.</summary>
internal static class Readings
{
    private const int Page = 100;

    public static async Task<Report> Take(
        StoreAddress address, string folder, HistorySize size, TimeSpan? filled, int reads, bool check, CancellationToken cancel)
    {
        var starts = Stopwatch.GetTimestamp();
        await using var app = await Start(address, folder, cancel);
        var started = Stopwatch.GetElapsedTime(starts);
        using var http = new HttpClient { BaseAddress = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        http.Timeout = TimeSpan.FromMinutes(10);
        var random = new Random(42);
        string Alias() => HistorySize.Alias(random.Next(HistorySize.Aliases));
        string Moment() => (HistorySize.Begin + (HistorySize.Pace * random.Next(2 * HistorySize.Aliases, size.Entries))).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var deep = size.Entries / 10 * 9;
        List<Reading> readings =
        [
            await Reading.Of("alias", reads, () => $"aliases/{Alias()}", http, cancel),
            await Reading.Of("alias at a time", reads, () => $"aliases/{Alias()}/at/{Moment()}", http, cancel),
            await Reading.Of("release", reads, () => $"releases/{HistorySize.Release(random.Next(size.Releases))}", http, cancel),
            .. await Reading.Both("releases", reads, depth => $"releases?limit={Page}{(depth ? $"&after={HistorySize.Release(size.Releases / 10 * 9)}" : "")}", http, cancel),
            .. await Reading.Both("journal", reads, depth => $"journal?limit={Page}&after={(depth ? deep + random.Next(1000) : random.Next(1000))}", http, cancel),
            .. await Reading.Both("history of an alias", reads, depth => $"aliases/{Alias()}/history?limit={Page}&after={(depth ? deep - random.Next(1000) : random.Next(1000))}", http, cancel),
        ];
        string? verified = null;
        if (check)
        {
            var checks = Stopwatch.GetTimestamp();
            verified = FormattableString.Invariant($"{await http.GetStringAsync("/api/v1/journal/check", cancel)} after {Stopwatch.GetElapsedTime(checks).TotalSeconds:0} s");
        }

        return new(address is StoreAddress.Sqlite ? "SQLite" : "PostgreSQL", size.Entries, size.Releases, filled?.TotalSeconds, started.TotalSeconds, verified, Report.Machine(), readings);
    }

    private static async Task<WebApplication> Start(StoreAddress address, string folder, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.AddControl(new() { DataDirectory = folder, Store = address });
        var app = builder.Build();
        app.MapControl();
        await app.StartAsync(cancel);
        return app;
    }
}
