using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Backstop.Client;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>What a gateway's users notice of what happens to the rest: nothing.</summary>
[Collection<Alone>]
public sealed class GatewayChaosTests
{
    private static CancellationToken Cancel => SplitBackstop.Cancel;

    [Fact]
    public async Task With_the_control_plane_dead_for_the_whole_run_no_request_fails_not_even_over_a_restart()
    {
        await using var split = await SplitBackstop.Start("a");
        using var client = new HttpClient();
        await split.KillControl();
        await Serves(split, client, "a", from: 0, "v7");

        await split.KillGateway("a");
        await split.StartGateway("a");
        await Serves(split, client, "a", from: 100, "v7");
    }

    [Fact]
    public async Task A_gateway_that_is_told_to_stop_fails_no_request_while_another_one_is_ready()
    {
        await using var split = await SplitBackstop.Start("a", "b");
        using var client = new HttpClient();
        var asked = 0;
        var everyone = Enumerable.Range(0, 4).Select(async caller =>
        {
            // As a load balancer does: requests go to those that were ready when it last looked.
            for (var number = 0; !split.HasExited("a"); number++)
            {
                var gateway = number % 2 == 0 && await IsReady(split, client, "a") ? "a" : "b";
                var (status, _) = await split.Ask(client, gateway, (caller * 1_000_000) + number);
                Assert.Equal(HttpStatusCode.OK, status);
                Interlocked.Increment(ref asked);
            }
        }).ToList();
        await SplitBackstop.Until(_ => Task.FromResult(Volatile.Read(ref asked) > 40));
        split.Terminate("a");
        await Task.WhenAll(everyone);

        Assert.True(split.HasExited("a"));
        Assert.Equal(HttpStatusCode.OK, (await split.Ask(client, "b", 1)).Status);
    }

    [Fact]
    public async Task A_release_is_dropped_on_the_host_with_the_control_plane_dead_and_the_journal_tells_it_later()
    {
        await using var split = await SplitBackstop.Start("a");
        using var client = new HttpClient();
        var alias = (await split.Control.Alias(SplitBackstop.Alias, Cancel)).Body;
        await split.Control.Swap(SplitBackstop.Alias, "v8", alias.Generation, "test", Cancel);
        await SplitBackstop.Until(async http => (await split.Ask(http, "a", 1)).Release == "v8");
        await split.KillControl();

        var misspelt = await Shelled.Run("gateway", "drop", "v9", "--data", split.DataOf("a"));
        Assert.Equal(1, misspelt.Code);
        Assert.Contains("It has v7, v8", misspelt.Errors, StringComparison.Ordinal);
        var (code, output, errors) = await Shelled.Run("gateway", "drop", "v8", "--data", split.DataOf("a"), "--reason", "it insults people", "--json");
        Assert.True(code == 0, errors);
        Assert.True((bool?)JsonNode.Parse(output)!["obeyed"]);
        await Serves(split, client, "a", from: 0, "v7");

        await split.KillGateway("a");
        await split.StartGateway("a");
        await Serves(split, client, "a", from: 100, "v7");

        await split.StartControl();
        await SplitBackstop.Until(async _ => await Journal(split, "release_dropped") is { } entry
            && entry.Reason!.Contains("v8", StringComparison.Ordinal) && entry.Reason.Contains("it insults people", StringComparison.Ordinal));
        Assert.Equal(0, (await Shelled.Run("gateway", "drop", "v8", "--undo", "--data", split.DataOf("a"))).Code);
        await SplitBackstop.Until(async http => (await split.Ask(http, "a", 2)).Release == "v8");
        await SplitBackstop.Until(async _ => await Journal(split, "release_drop_undone") is not null);
    }

    [Fact]
    public async Task An_order_where_no_gateway_runs_says_so()
    {
        var directory = Directory.CreateTempSubdirectory("backstop-nobody-").FullName;
        var (code, _, errors) = await Shelled.Run("gateway", "drop", "v8", "--data", directory);
        Directory.Delete(directory);

        Assert.Equal(2, code);
        Assert.Contains("drops.key", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_many_ask_sends_in_one_batch_what_is_ready_at_one_time()
    {
        await using var split = await SplitBackstop.Start("a");
        using var client = new HttpClient();
        await SplitBackstop.Until(async http =>
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(number => split.Ask(client, "a", number)));
            Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, "v7"), answer));
            var metrics = await http.GetStringAsync(new Uri(split.AddressOf("a"), "/metrics"), Cancel);
            return Sum(metrics, "backstop_gateway_batches_messages_total") > Sum(metrics, "backstop_gateway_batches_total");
        });
    }

    private static double Sum(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static async Task<JournalEntry?> Journal(SplitBackstop split, string kind) =>
        (await split.Control.Journal(0, 1000, Cancel)).Body.FirstOrDefault(e => e.Kind == kind);

    private static async Task<bool> IsReady(SplitBackstop split, HttpClient client, string gateway)
    {
        try
        {
            using var ready = await client.GetAsync(new Uri(split.AddressOf(gateway), "/readyz"), Cancel);
            return ready.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It is gone.
        }
    }

    private static async Task Serves(SplitBackstop split, HttpClient client, string gateway, int from, string release)
    {
        for (var number = from; number < from + 100; number++)
        {
            Assert.Equal((HttpStatusCode.OK, release), await split.Ask(client, gateway, number));
        }
    }
}
