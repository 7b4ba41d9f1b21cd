using System.Globalization;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Incidents;

/// <summary>An alarm that opens an incident, or adds to the open one.</summary>
public sealed record Alarm
{
    /// <summary>The alias that degraded.</summary>
    public required string Alias { get; init; }

    /// <summary>Digest of the release under suspicion.</summary>
    public required string Release { get; init; }

    /// <summary>Digest of the release it is compared with.</summary>
    public required string Baseline { get; init; }

    /// <inheritdoc cref="Incident.RolloutId"/>
    public string? RolloutId { get; init; }

    /// <summary>Whether the two-arm test crossed its threshold.</summary>
    public required bool Blamed { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>What it rests on, or null when a person raised it.</summary>
    public Judgement? Judgement { get; init; }

    /// <summary>What requests bring with them that they did not before; null when nothing of it is known.</summary>
    public InputChange? Inputs { get; init; }

    /// <summary>What the trusted release used to do; the prior when nobody knows.</summary>
    public ControlRates History { get; init; } = ControlRates.Unknown;
}

/// <summary>The one writer of incidents.</summary>
public sealed class IncidentBook(DurableStore store, ReleaseStore releases, SampleShelf shelf, ChangeLedger ledger, TimeProvider clock)
{
    private static readonly string[] Over = [nameof(IncidentStatus.Resolved), nameof(IncidentStatus.Learned)];
    private static readonly ArmPattern NothingKnown = new(0.25, 0.25, 0.25, 0.25);

    /// <summary>Opens an incident, or adds the alarm to the one that is open for this alias and release.</summary>
    public async Task<Incident> Raise(Alarm alarm)
    {
        var (release, baseline) = (await releases.Get(alarm.Release), await releases.Get(alarm.Baseline));
        var differences = ReleaseDiff.Between(baseline, release);
        var pattern = alarm.Judgement is { } judgement ? Diagnosis.PatternOf(judgement, alarm.History) : NothingKnown;
        var diagnosis = Diagnosis.FromContrast(pattern, alarm.Blamed, alarm.Judgement, differences);
        return await store.Write(async context =>
        {
            // The number before the look: an alarm that opens one in between is then seen, and one that opens it later takes the number.
            var now = clock.GetUtcNow();
            var id = await NextId(context, now);
            var rows = await context.Incidents.AsTracking().Where(i => i.Alias == alarm.Alias).OrderByDescending(i => i.OpenedAt).ToListAsync();
            var open = rows.Select(row => (Row: row, Incident: StoreJson.Read<Incident>(row.Record)))
                .FirstOrDefault(i => !i.Incident.IsOver && i.Incident.Release == alarm.Release);
            var incident = open.Incident ?? new Incident
            {
                Id = id,
                Alias = alarm.Alias,
                OpenedAt = now,
                Release = alarm.Release,
                Baseline = alarm.Baseline,
                RolloutId = alarm.RolloutId,
                Reason = alarm.Reason,
                Differences = differences,
            };
            incident = (incident with { Inputs = alarm.Inputs ?? incident.Inputs }).Add(alarm.Judgement, diagnosis, alarm.Reason).Attach(shelf.Of(alarm.Alias, alarm.Release));

            // A later alarm that blames nobody takes nothing back, so the case stays what the blame rests on.
            if (ReferenceEquals(incident.Diagnosis, diagnosis) && (alarm.Judgement is not null || incident.Case is null))
            {
                incident = incident with { Case = LiveCase.Of(incident.Id, alarm.Judgement, alarm.History, differences, incident.Severity == IncidentSeverity.Severe) };
            }

            incident = incident.Investigate(await ChangeLedger.Read(context, now));
            if (open.Row is { } row)
            {
                Put(row, incident);
            }
            else
            {
                context.Incidents.Add(new()
                {
                    Id = incident.Id, Alias = incident.Alias, Status = incident.Status.ToString(), OpenedAt = now, Record = StoreJson.Write(incident),
                });
            }

            return (incident, true);
        });
    }

    /// <summary>Takes in a change or an alert, and asks again what broke in the incidents that are open.</summary>
    /// <returns>Whether it was new.</returns>
    public async Task<bool> Report(LedgerEntry entry, string actor)
    {
        if (!await ledger.Add(entry, actor))
        {
            return false;
        }

        var known = await ledger.Near(clock.GetUtcNow());
        var open = await store.Read(context => context.Incidents
            .Where(i => (entry.Alias == null || i.Alias == entry.Alias) && !Over.Contains(i.Status)).Select(i => i.Id).ToListAsync());
        foreach (var id in open)
        {
            await Change(id, incident => incident.Investigate(known));
        }

        return true;
    }

    /// <summary>Writes what is known about the times by now, and keeps the samples that came in since.</summary>
    public async Task Stamp(string id, Timeline timeline)
    {
        var known = await ledger.Near(clock.GetUtcNow());
        await Change(id, incident => incident.Stamp(timeline) is var after && after.Timeline.Onset != incident.Timeline.Onset ? after.Investigate(known) : after);
    }

    /// <summary>Changes an incident and asks again what broke.</summary>
    public async Task<Incident?> Investigate(string id, Func<Incident, Incident> change)
    {
        var known = await ledger.Near(clock.GetUtcNow());
        return await Change(id, incident => change(incident).Investigate(known));
    }

    /// <summary>Changes an incident and keeps the samples that came in since.</summary>
    /// <returns>The incident after the change, or null when there is none of this id.</returns>
    public Task<Incident?> Change(string id, Func<Incident, Incident> change) => store.Write<Incident?>(async context =>
    {
        if (await context.Incidents.AsTracking().SingleOrDefaultAsync(i => i.Id == id) is not { } row)
        {
            return (null, false);
        }

        var before = StoreJson.Read<Incident>(row.Record);
        var after = change(before).Attach(shelf.Of(before.Alias, before.Release));
        Put(row, after);
        return (after, true);
    });

    /// <summary>The incident, or null.</summary>
    public Task<Incident?> Find(string id) => store.Read(async context =>
        await context.Incidents.SingleOrDefaultAsync(i => i.Id == id) is { } row ? StoreJson.Read<Incident>(row.Record) : null);

    /// <summary>The incidents of an alias, or all of them, newest first.</summary>
    public Task<List<Incident>> All(string? alias) => store.Read(async context =>
        (await context.Incidents.Where(i => alias == null || i.Alias == alias)
            .OrderByDescending(i => i.OpenedAt).ThenByDescending(i => i.Id).ToListAsync())
        .ConvertAll(row => StoreJson.Read<Incident>(row.Record)));

    /// <summary>Some of them, newest first.</summary>
    /// <param name="alias">Of this alias, or null.</param>
    /// <param name="after">The one that they follow, or null.</param>
    /// <param name="limit">At most so many.</param>
    public Task<List<Incident>> Page(string? alias, Incident? after, int limit) => store.Read(async context =>
    {
        var rows = context.Incidents.Where(i => alias == null || i.Alias == alias);
        if (after is not null)
        {
            rows = rows.Where(i => i.OpenedAt <= after.OpenedAt && (i.OpenedAt < after.OpenedAt || string.Compare(i.Id, after.Id) < 0));
        }

        return (await rows.OrderByDescending(i => i.OpenedAt).ThenByDescending(i => i.Id).Take(limit).ToListAsync())
            .ConvertAll(row => StoreJson.Read<Incident>(row.Record));
    });

    /// <summary>The incidents that were opened since a time, oldest first.</summary>
    public Task<List<Incident>> Since(DateTimeOffset time) => store.Read(async context =>
        (await context.Incidents.Where(i => i.OpenedAt >= time).OrderBy(i => i.OpenedAt).ThenBy(i => i.Id).ToListAsync())
        .ConvertAll(row => StoreJson.Read<Incident>(row.Record)));

    private static void Put(IncidentRow row, Incident incident)
    {
        row.Status = incident.Status.ToString();
        row.Record = StoreJson.Write(incident);
    }

    private static async Task<string> NextId(StoreContext context, DateTimeOffset now)
    {
        var year = $"INC-{now.Year.ToString(CultureInfo.InvariantCulture)}-";
        return $"{year}{await context.Incidents.CountAsync(i => EF.Functions.Like(i.Id, year + "%")) + 1:000}";
    }
}
