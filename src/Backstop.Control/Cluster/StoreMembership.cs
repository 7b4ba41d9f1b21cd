using System.Globalization;
using System.Net;
using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;
using Orleans.Runtime;

namespace Backstop.Control.Cluster;

/// <summary>Which control planes there are: Orleans' membership table, in the same store as everything else.</summary>
/// <remarks>
/// Every change compares and raises one version, in one transaction with the row it changes; a change that was decided on an
/// older list is refused. Signs of life are written beside it and raise nothing. Rows and version are read by one statement, so
/// they belong together.
/// </remarks>
public sealed class StoreMembership(DurableStore store, ILocalSiloDetails self) : IMembershipTable
{
    /// <inheritdoc/>
    public async Task InitializeMembershipTable(bool tryInitTableVersion)
    {
        await store.Open(CancellationToken.None);
        await BuryPredecessors();
    }

    /// <inheritdoc/>
    public Task DeleteMembershipTableEntries(string clusterId) => store.Write(async context => (await context.Silos.ExecuteDeleteAsync(), true));

    /// <inheritdoc/>
    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => store.Write(async context =>
    {
        var over = (await context.Silos.AsNoTracking().ToListAsync()).Select(EntryOf)
            .Where(e => e.Status == SiloStatus.Dead && LastSign(e) < beforeDate.UtcDateTime)
            .Select(e => e.SiloAddress.ToParsableString()).ToArray();
        return (await context.Silos.Where(s => over.Contains(s.Address)).ExecuteDeleteAsync(), true);
    });

    /// <inheritdoc/>
    public async Task<MembershipTableData> ReadRow(SiloAddress key)
    {
        var all = await ReadAll();
        return all.TryGet(key) is { } found ? new(found, all.Version) : new(all.Version);
    }

    /// <inheritdoc/>
    public Task<MembershipTableData> ReadAll() => store.Read(async context =>
    {
        var read = await context.Cluster.Select(c => new { c.Version, Silos = context.Silos.ToList() }).SingleAsync();
        var etag = read.Version.ToString(CultureInfo.InvariantCulture);
        return new MembershipTableData([.. read.Silos.Select(s => Tuple.Create(EntryOf(s), etag))], new(read.Version, etag));
    });

    /// <inheritdoc/>
    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) => store.Write(async context =>
    {
        var row = RowOf(entry);
        if (!await Raise(context, tableVersion) || await context.Silos.AnyAsync(s => s.Address == row.Address))
        {
            return (false, false);
        }

        context.Silos.Add(row);
        return (true, true);
    });

    /// <inheritdoc/>
    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => store.Write(async context =>
    {
        var row = RowOf(entry);
        var kept = await Raise(context, tableVersion)
            && await context.Silos.Where(s => s.Address == row.Address).ExecuteUpdateAsync(set => set.SetProperty(s => s.Record, row.Record)) == 1;
        return (kept, kept);
    });

    /// <inheritdoc/>
    public Task UpdateIAmAlive(MembershipEntry entry)
    {
        var row = RowOf(entry);
        return store.Write(async context => (
            await context.Silos.Where(s => s.Address == row.Address).ExecuteUpdateAsync(set => set.SetProperty(s => s.AliveAt, row.AliveAt)), true));
    }

    private static async Task<bool> Raise(StoreContext context, TableVersion next)
    {
        var expected = int.Parse(next.VersionEtag, CultureInfo.InvariantCulture);
        return await context.Cluster.Where(c => c.Version == expected).ExecuteUpdateAsync(set => set.SetProperty(c => c.Version, next.Version)) == 1;
    }

    /// <summary>
    /// Where every control plane runs on this machine, each has a new port at every start, but its name holds the address of its fleet
    /// stream, at which only one can listen: whoever had the name before is dead, and need not be missed first.
    /// </summary>
    private async Task BuryPredecessors()
    {
        var all = await ReadAll();
        foreach (var (entry, etag) in all.Members.Where(m =>
            m.Item1.SiloName == self.Name && IPAddress.IsLoopback(m.Item1.SiloAddress.Endpoint.Address)
            && !m.Item1.SiloAddress.Equals(self.SiloAddress) && m.Item1.Status != SiloStatus.Dead))
        {
            entry.Status = SiloStatus.Dead;
            await UpdateRow(entry, etag, (await ReadAll()).Version.Next());
        }
    }

    private static DateTime LastSign(MembershipEntry entry) =>
        (entry.SuspectTimes ?? []).Select(s => s.Item2).Append(entry.StartTime).Append(entry.IAmAliveTime).Max();

    private static SiloRow RowOf(MembershipEntry entry) => new()
    {
        Address = entry.SiloAddress.ToParsableString(),
        AliveAt = Utc(entry.IAmAliveTime),
        Record = StoreJson.Write(new Silo(
            entry.Status, entry.SiloName, entry.HostName, entry.RoleName, entry.ProxyPort, entry.UpdateZone, entry.FaultZone, Utc(entry.StartTime),
            [.. (entry.SuspectTimes ?? []).Select(s => new Suspicion(s.Item1.ToParsableString(), Utc(s.Item2)))])),
    };

    private static MembershipEntry EntryOf(SiloRow row)
    {
        var silo = StoreJson.Read<Silo>(row.Record);
        return new()
        {
            SiloAddress = SiloAddress.FromParsableString(row.Address),
            Status = silo.Status,
            SiloName = silo.Name,
            HostName = silo.Host,
            RoleName = silo.Role,
            ProxyPort = silo.ProxyPort,
            UpdateZone = silo.UpdateZone,
            FaultZone = silo.FaultZone,
            StartTime = silo.StartedAt.UtcDateTime,
            IAmAliveTime = row.AliveAt.UtcDateTime,
            SuspectTimes = [.. silo.Suspicions.Select(s => Tuple.Create(SiloAddress.FromParsableString(s.By), s.At.UtcDateTime))],
        };
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private sealed record Silo(
        SiloStatus Status, string Name, string Host, string? Role, int ProxyPort, int UpdateZone, int FaultZone, DateTimeOffset StartedAt, Suspicion[] Suspicions);

    private sealed record Suspicion(string By, DateTimeOffset At);
}
