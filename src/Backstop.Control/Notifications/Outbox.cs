using System.Globalization;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Notifications;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Notifications;

/// <summary>What is still to be told: what the incidents and the journal say, less what the journal says was told.</summary>
/// <remarks>
/// There is no second copy of what happened, so nothing can be forgotten between the two: a notice that was not written down as
/// told is told again, and its id says to the receiver that it is the same. Who was told when is itself worth a place in the journal.
/// </remarks>
public sealed class Outbox(DurableStore store, IncidentBook incidents, TimeProvider clock)
{
    private const string Told = "notice_sent";
    private const string Refused = "notice_refused";

    private static readonly TimeSpan Age = TimeSpan.FromDays(2);

    private static readonly string[] Changes =
        ["alias_swapped", "alias_reverted", "rollout_promoting", "rollout_completed", "rollout_rolled_back", "rollout_rollback_degraded", "fault_contained", "external_change"];

    // Whoever is named for the first time is not told of what was over before.
    private readonly DateTimeOffset _begun = clock.GetUtcNow();

    /// <summary>Notices for a receiver, oldest first, each with when its incident was opened.</summary>
    public async Task<List<(Notice Notice, DateTimeOffset OpenedAt)>> Due(Destination to)
    {
        var since = clock.GetUtcNow() - Age;
        var told = await ToldTo(to, since);
        return
        [
            .. (await incidents.Since(since))
                .Select(i => (Incident: i, Notices: Notice.Of(i)))
                .Where(i => i.Notices[^1] is { IsEnd: false } || i.Notices[^1].At >= _begun || told.Contains(i.Notices[0].Id))
                .SelectMany(i => i.Notices.Where(n => !told.Contains(n.Id) && to.Wants(n)).Select(n => (n, i.Incident.OpenedAt))),
        ];
    }

    /// <summary>Incidents that go on, for a receiver that forgets what is not said again.</summary>
    public async Task<List<(Notice Notice, DateTimeOffset OpenedAt)>> Open(Destination to) =>
        [.. (await incidents.Since(clock.GetUtcNow() - Age)).Where(i => !i.IsOver).Select(i => (Notice.Of(i)[^1], i.OpenedAt)).Where(n => to.Wants(n.Item1))];

    /// <summary>Changes of the last hour that a receiver was not told of, oldest first.</summary>
    public async Task<List<(string Id, string Summary, string Source, DateTimeOffset At)>> DueChanges(Destination to)
    {
        var since = clock.GetUtcNow() - TimeSpan.FromHours(1);
        var told = await ToldTo(to, since);
        var rows = await store.Read(context => context.Journal.AsNoTracking()
            .Where(e => e.At >= since && Changes.Contains(e.Kind)).OrderBy(e => e.Sequence).Select(e => new { e.Sequence, e.Kind, e.Alias, e.Reason, e.At }).ToListAsync());
        return
        [
            .. rows.Select(r => ($"change-{r.Sequence.ToString(CultureInfo.InvariantCulture)}", $"{r.Alias ?? "all"}: {r.Kind.Replace('_', ' ')}: {r.Reason}", r.Alias ?? "backstop", r.At))
                .Where(r => !told.Contains(r.Item1)),
        ];
    }

    /// <summary>Writes down that a receiver was told, or will never take it.</summary>
    public Task Write(Destination to, string notice, Delivery delivery) => store.Write(async context =>
    {
        var draft = new JournalDraft(delivery.Done ? Told : Refused, "backstop", $"{notice} to {to.Name}{(delivery.Why is { } why ? $": {why}" : "")}");
        await Journal.Append(context, clock.GetUtcNow(), draft, alias: null, generation: null, before: null, after: StoreJson.Write(new Receipt(to.Name, notice)));
        return (true, true);
    });

    private async Task<HashSet<string>> ToldTo(Destination to, DateTimeOffset since)
    {
        var rows = await store.Read(context => context.Journal.AsNoTracking()
            .Where(e => (e.Kind == Told || e.Kind == Refused) && e.At >= since).Select(e => e.After!).ToListAsync());
        return rows.Select(StoreJson.Read<Receipt>).Where(r => r.To == to.Name).Select(r => r.Notice).ToHashSet(StringComparer.Ordinal);
    }

    private sealed record Receipt(string To, string Notice);
}
