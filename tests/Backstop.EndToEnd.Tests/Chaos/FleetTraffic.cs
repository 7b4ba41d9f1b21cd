using System.Text.Json.Nodes;
using Backstop.Demo;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>Steady users of every gateway of a fleet, and what must be true of all that they received.</summary>
internal sealed class FleetTraffic : IAsyncDisposable
{
    // Clocks are read by several processes of one machine; an answer that was under way when its gateway died is lost with it.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(200);

    private readonly ProcessFleet _fleet;
    private readonly HttpClient[] _callers;
    private readonly Traffic[] _users;
    private DateTimeOffset _settledAt;

    public FleetTraffic(ProcessFleet fleet, double rate)
    {
        _fleet = fleet;
        _callers = [.. fleet.Gateways.Select(g => new HttpClient { BaseAddress = g.Http, DefaultRequestHeaders = { Authorization = fleet.Key is null ? null : new("Bearer", fleet.Key) } })];
        _users = [.. _callers.Select((caller, i) => Traffic.Start(rate / _callers.Length, seed: i + 1, Patiently(new ChatUser(new(caller, ProcessFleet.Alias), seed: i + 1))))];
    }

    /// <summary>For each gateway, when the last request was sent that this release answered; the beginning of time when none was.</summary>
    public IEnumerable<DateTimeOffset> LastOn(string release) =>
        _users.Select(u => u.Receipts.Where(r => r.Release == release).Select(r => r.SentAt).DefaultIfEmpty().Max());

    /// <summary>Waits until so many more answers came.</summary>
    public async Task Answers(int count)
    {
        var until = _users.Sum(u => u.Receipts.Count) + count;
        while (_users.Sum(u => u.Receipts.Count) < until)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until every gateway answers quickly; what was asked before does not count.</summary>
    /// <remarks>A fleet that was just started compiles what it does, all processes at once, and a busy machine takes long for that.</remarks>
    public async Task Settle()
    {
        var (few, quick, began) = (20, TimeSpan.FromSeconds(1), TimeProvider.System.GetTimestamp());
        while (!_users.All(u => u.Receipts.Count >= few && u.Receipts.TakeLast(few).All(r => r.Status != 0 && r.Latency < quick)))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(3), "This machine is too busy: nobody is answered within a second.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        _settledAt = DateTimeOffset.UtcNow;
    }

    /// <summary>Stops asking and looks at everything: failed requests, every rollout that there was, requests on a release that was rolled back, the journal.</summary>
    public async Task Check()
    {
        var cancel = TestContext.Current.CancellationToken;
        var failed = await FailedNobody();
        var spans = new List<(DateTimeOffset From, DateTimeOffset Until)>();
        foreach (var rollout in (await _fleet.History(cancel)).Where(e => e.Kind == "rollout_submitted").Select(e => e.Reason!.Split(' ')[1]))
        {
            var end = await _fleet.Until(c => c.Rollout(rollout, cancel), r => r.IsOver, cancel);
            if (end.Status != "rejected") // That one was refused before it met a user.
            {
                var view = JsonNode.Parse((await _fleet.Ask(c => c.Rollout(rollout, cancel), cancel)).Text)!;
                Assert.True(end.Status == "rolled_back", $"{view}");
                spans.Add(((DateTimeOffset)view["submitted_at"]!, (DateTimeOffset)view["timeline"]!["verified"]!));
            }
        }

        foreach (var receipt in _users.SelectMany(u => u.Receipts).Where(r => r.Release == "v8"))
        {
            Assert.True(spans.Exists(s => receipt.SentAt + receipt.Latency >= s.From && receipt.SentAt <= s.Until + Slack), $"A request reached v8 while no rollout exposed it: {receipt}");
        }

        Assert.All(_fleet.Gateways, g => Assert.Equal(0, g.Suicides));
        Assert.True((await _fleet.Ask(c => c.CheckJournal(cancel), cancel)).Body.Intact);
        TestContext.Current.SendDiagnosticMessage(
            $"{_users.Sum(u => u.Sent)} requests, {failed} of them at gateways or replicas that died, {_users.Sum(u => u.TurnedAway)} not sent; {spans.Count} rollouts, each rolled back");
    }

    /// <summary>Stops asking, and expects that no request failed but at gateways and replicas that were down. Returns how many did there.</summary>
    public async Task<int> FailedNobody()
    {
        foreach (var users in _users)
        {
            await users.Stop();
        }

        var failed = 0;
        foreach (var (gateway, users) in _fleet.Gateways.Zip(_users))
        {
            var lost = users.Receipts.Where(r => r.SentAt >= _settledAt && r.Status != 200 && !r.Filtered).ToArray();
            failed += lost.Length;
            var wronged = lost.Where(r => !WasAtTheDead(gateway, r)).ToArray();
            Assert.True(
                wronged.Length == 0,
                $"{wronged.Length} requests to {gateway.Name} failed though it lived: {string.Join("; ", wronged.Take(5).Select(r => $"{r} {string.Join(' ', gateway.Wrote($"{r.RequestId}:"))}"))}");
        }

        return failed;
    }

    /// <summary>Whether its gateway was down while it was under way, or a replica died that may have been answering.</summary>
    private bool WasAtTheDead(FleetNode gateway, Receipt receipt)
    {
        var (from, until) = (receipt.SentAt - Slack, receipt.SentAt + receipt.Latency + Slack);
        return gateway.WasDown(from, until) || _fleet.Pools.Values.SelectMany(p => p).Any(replica => replica.WasKilled(from, until));
    }

    /// <summary>Somebody who has waited too long has received nothing.</summary>
    private static Func<int, CancellationToken, Task<Receipt>> Patiently(ChatUser user) => async (number, cancel) =>
    {
        var sentAt = DateTimeOffset.UtcNow;
        try
        {
            return await user.Serve(number, cancel);
        }
        catch (OperationCanceledException)
        {
            return new($"{Traffic.IdPrefix}{number}", sentAt, 0, null, "", Filtered: false, Attack: false, Correct: null, DateTimeOffset.UtcNow - sentAt);
        }
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var users in _users)
        {
            await users.DisposeAsync();
        }

        Array.ForEach(_callers, c => c.Dispose());
    }
}
