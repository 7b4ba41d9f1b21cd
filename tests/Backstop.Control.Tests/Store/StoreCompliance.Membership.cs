using System.Net;
using Backstop.Control.Cluster;
using Orleans.Runtime;

namespace Backstop.Control.Tests.Store;

/// <summary>The list of control planes: what Orleans asks of a membership table, on a real database.</summary>
public abstract partial class StoreCompliance
{
    [Fact]
    public async Task An_empty_list_has_a_version_and_no_control_plane()
    {
        var all = await Members(Silo(1)).ReadAll();
        Assert.Empty(all.Members);
        Assert.Equal((0, "0"), (all.Version.Version, all.Version.VersionEtag));
    }

    [Fact]
    public async Task A_control_plane_is_listed_once_with_everything_that_was_written_of_it()
    {
        var table = Members(Silo(1));
        var entry = Entry(1);
        Assert.True(await table.InsertRow(entry, (await table.ReadAll()).Version.Next()));
        Assert.False(await table.InsertRow(entry, (await table.ReadAll()).Version.Next()));

        var all = await table.ReadAll();
        Assert.Equal(1, all.Version.Version);
        var read = Assert.Single(all.Members).Item1;
        Assert.Equal(entry.ToFullString(), read.ToFullString());
        Assert.Equal((entry.SiloAddress, entry.Status, entry.SiloName), (read.SiloAddress, read.Status, read.SiloName));
        Assert.Equal(entry.SuspectTimes, read.SuspectTimes);
        Assert.Single((await table.ReadRow(Silo(1))).Members);
        Assert.Empty((await table.ReadRow(Silo(2))).Members);
    }

    [Fact]
    public async Task A_change_that_was_decided_on_an_older_list_is_refused_and_changes_nothing()
    {
        var table = Members(Silo(1));
        var old = (await table.ReadAll()).Version.Next();
        Assert.True(await table.InsertRow(Entry(1), old));
        Assert.False(await table.InsertRow(Entry(2), old));
        Assert.Single((await table.ReadAll()).Members);

        var entry = Entry(1);
        entry.Status = SiloStatus.Dead;
        Assert.False(await table.UpdateRow(entry, old.VersionEtag, old));
        var (read, etag) = Assert.Single((await table.ReadAll()).Members);
        Assert.Equal(SiloStatus.Active, read.Status);
        Assert.True(await table.UpdateRow(entry, etag, (await table.ReadAll()).Version.Next()));
        Assert.False(await table.UpdateRow(Entry(3), etag, (await table.ReadAll()).Version.Next()));
        Assert.Equal((SiloStatus.Dead, 2), (Assert.Single((await table.ReadAll()).Members).Item1.Status, (await table.ReadAll()).Version.Version));
    }

    [Fact]
    public async Task Of_many_changes_at_once_each_version_is_won_by_one()
    {
        var tables = _planes.Select(p => new StoreMembership(p, new Self(Silo(1), "one"))).ToArray();
        var version = (await tables[0].ReadAll()).Version.Next();
        var won = await Task.WhenAll(tables.Select((table, i) => Task.Run(() => table.InsertRow(Entry(i + 1), version))));
        Assert.Single(won, w => w);
        Assert.Single((await tables[0].ReadAll()).Members);
        Assert.Equal(1, (await tables[0].ReadAll()).Version.Version);
    }

    [Fact]
    public async Task A_sign_of_life_changes_its_time_and_nothing_else()
    {
        var table = Members(Silo(1));
        await table.InsertRow(Entry(1), (await table.ReadAll()).Version.Next());
        var before = await table.ReadAll();
        var alive = Entry(1);
        alive.Status = SiloStatus.Dead; // It says when, and nothing else counts.
        alive.IAmAliveTime = Noon.AddMinutes(3).UtcDateTime;
        await table.UpdateIAmAlive(alive);
        var after = await table.ReadAll();
        Assert.Equal(before.Version, after.Version);
        var (entry, etag) = Assert.Single(after.Members);
        Assert.Equal((Noon.AddMinutes(3).UtcDateTime, SiloStatus.Active, before.Members[0].Item2), (entry.IAmAliveTime, entry.Status, etag));
    }

    [Fact]
    public async Task Only_control_planes_that_have_been_dead_for_long_are_taken_out()
    {
        var table = Members(Silo(1));
        foreach (var (number, status, alive) in new[] { (1, SiloStatus.Active, 0), (2, SiloStatus.Dead, 0), (3, SiloStatus.Dead, 60) })
        {
            var entry = Entry(number);
            (entry.Status, entry.IAmAliveTime, entry.StartTime, entry.SuspectTimes) = (status, Noon.AddMinutes(alive).UtcDateTime, Noon.UtcDateTime, []);
            await table.InsertRow(entry, (await table.ReadAll()).Version.Next());
        }

        await table.CleanupDefunctSiloEntries(Noon.AddMinutes(30));
        Assert.Equal([Silo(1), Silo(3)], (await table.ReadAll()).Members.Select(m => m.Item1.SiloAddress).Order());
        await table.DeleteMembershipTableEntries("backstop");
        Assert.Empty((await table.ReadAll()).Members);
    }

    [Fact]
    public async Task Who_starts_under_a_name_of_this_machine_buries_who_had_it_and_nobody_else()
    {
        var table = Members(Silo(1));
        foreach (var (number, name, address) in new[] { (2, "one", IPAddress.Loopback), (3, "two", IPAddress.Loopback), (4, "one", IPAddress.Parse("10.0.0.4")) })
        {
            var entry = Entry(number);
            (entry.SiloName, entry.SiloAddress) = (name, SiloAddress.New(address, 1000 + number, number));
            await table.InsertRow(entry, (await table.ReadAll()).Version.Next());
        }

        await table.InitializeMembershipTable(true);
        var dead = (await table.ReadAll()).Members.Where(m => m.Item1.Status == SiloStatus.Dead).Select(m => m.Item1.SiloAddress.Endpoint.Port);
        Assert.Equal([1002], dead);
    }

    private StoreMembership Members(SiloAddress self) => new(Store, new Self(self, "one"));

    private static SiloAddress Silo(int number) => SiloAddress.New(IPAddress.Loopback, 1000 + number, number);

    private static MembershipEntry Entry(int number) => new()
    {
        SiloAddress = Silo(number),
        Status = SiloStatus.Active,
        SiloName = $"control-{number}",
        HostName = "host",
        RoleName = "role",
        ProxyPort = 7,
        UpdateZone = 1,
        FaultZone = 2,
        StartTime = Noon.UtcDateTime,
        IAmAliveTime = Noon.AddSeconds(1).UtcDateTime,
        SuspectTimes = [Tuple.Create(Silo(9), Noon.AddSeconds(2).UtcDateTime)],
    };

    private sealed record Self(SiloAddress SiloAddress, string Name) : ILocalSiloDetails
    {
        public string ClusterId => "backstop";

        public string DnsHostName => "host";

        public SiloAddress GatewayAddress => SiloAddress;
    }
}
