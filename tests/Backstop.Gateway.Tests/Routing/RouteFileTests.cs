using System.Net;
using Backstop.Gateway.Tests.Harness;
using CsCheck;

namespace Backstop.Gateway.Tests.Routing;

/// <summary>What a gateway serves after a restart, with whatever is left of its file and of its control plane.</summary>
public sealed class RouteFileTests : IDisposable
{
    private const int Refused = 1002;
    private const int NotStored = 1004;

    private static readonly Uri Nobody = new("http://127.0.0.1:1");

    private readonly string _data = Directory.CreateTempSubdirectory("backstop-routes-").FullName;

    private string File => Path.Combine(_data, "routes.json");

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_gateway_serves_its_last_generation_after_a_restart_with_control_dead()
    {
        await using var server = await ModelServer.Start();
        await ServeOnce(server, generation: 5);
        await using var gateway = await RunningGateway.Start(Nobody, data: _data);
        var reply = await gateway.Chat("Hello?");

        Assert.Equal("Hello.", reply.Text);
        Assert.Equal("5", reply.Headers["x-backstop-generation"]);
    }

    [Fact]
    public async Task A_canary_in_the_file_has_no_lease_after_a_restart_until_control_renews_it()
    {
        await using var server = await ModelServer.Start();
        await using var young = await ModelServer.Start();
        var (v7, v8) = (SmallFleet.Released("v7", server), SmallFleet.Released("v8", young));
        await using (var control = await ScriptedControl.Start())
        await using (var before = await RunningGateway.Start(control.Address, data: _data))
        {
            await control.PublishAndAwait(SmallFleet.Canary(v7, v8), v7, v8);
            Assert.Equal("v8", (await before.Chat("Hello?")).Headers["x-backstop-release"]);
        }

        await using var gateway = await RunningGateway.Start(Nobody, data: _data);
        Assert.Equal("v7", (await gateway.Chat("Hello?")).Headers["x-backstop-release"]);
    }

    [Fact]
    public async Task A_generation_never_goes_back_also_not_over_a_restart()
    {
        await using var server = await ModelServer.Start();
        await ServeOnce(server, generation: 5);
        await using var control = await ScriptedControl.Start();
        var release = SmallFleet.Released("old", server);
        control.Publish(SmallFleet.Plain(release, generation: 4), release);
        await using var gateway = await RunningGateway.Start(control.Address, data: _data);
        var ack = (await Eventually.Is(() => control.Acks, acks => acks.Length == 1))[0];

        Assert.Equal(5, Assert.Single(control.Hellos[0].Applied).Generation);
        Assert.Equal(5, ack.Generation);
        Assert.Equal("5", (await gateway.Chat("Hello?")).Headers["x-backstop-generation"]);
        Assert.Equal("v7", (await gateway.Chat("Hello?")).Headers["x-backstop-release"]);
    }

    [Fact]
    public async Task However_routes_arrive_the_generation_served_only_rises()
    {
        await using var fleet = await SmallFleet.Start();
        var release = SmallFleet.Released("v7", fleet.Seven);
        var highest = 1L;
        foreach (var generation in new long[] { 3, 2, 7, 7, 1, 6, 8, 4 })
        {
            var acks = fleet.Control.Acks.Length;
            fleet.Control.Publish(SmallFleet.Plain(release, generation));
            var ack = (await Eventually.Is(() => fleet.Control.Acks, heard => heard.Length > acks))[acks];
            highest = Math.Max(highest, generation);
            Assert.Equal(highest, ack.Generation);
            Assert.Equal($"{highest}", (await fleet.Gateway.Chat("Hello?")).Headers["x-backstop-generation"]);
        }
    }

    [Fact]
    public async Task A_damaged_file_is_refused_with_a_reason_and_control_is_asked_for_everything()
    {
        await using var server = await ModelServer.Start();
        await ServeOnce(server, generation: 5);
        var bytes = System.IO.File.ReadAllBytes(File);
        bytes[bytes.Length / 2] ^= 1;
        System.IO.File.WriteAllBytes(File, bytes);
        await using var control = await ScriptedControl.Start();
        await using var gateway = await RunningGateway.Start(control.Address, data: _data);
        await Eventually.Is(() => control.Hellos, hellos => hellos.Length == 1);

        Assert.Empty(control.Hellos[0].Applied);
        Assert.Contains(gateway.Log.Lines, line => line.Id == Refused && line.Text.Contains("Waiting for control", StringComparison.Ordinal));
        (await gateway.Chat("Hello?")).IsError(HttpStatusCode.NotFound, "unknown_alias");
        var release = SmallFleet.Released("v7", server);
        await control.PublishAndAwait(SmallFleet.Plain(release, generation: 6), release);
        Assert.Equal("6", (await gateway.Chat("Hello?")).Headers["x-backstop-generation"]);
    }

    [Fact]
    public void No_damage_to_the_file_is_half_believed()
    {
        var file = new Gateway.Routing.RouteFile(File);
        var release = ((Core.Registry.ReleaseResult.Parsed)Core.Registry.Release.Parse(
            "v7", """{"serving":{"model":"tiny","replicas":["http://127.0.0.1:1"]}}""")).Release;
        var table = ((Core.Routing.ApplyResult.Applied)Core.Routing.RouteTable.Empty.Apply(SmallFleet.Plain(release, 5), [release])).Table;
        file.Write(table);
        var good = System.IO.File.ReadAllBytes(File);

        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Bool).Sample(
            (at, value, cut) =>
            {
                byte[] bad = cut ? good[..at] : [.. good[..at], value, .. good[(at + 1)..]];
                System.IO.File.WriteAllBytes(File, bad);
                var read = file.Read(out var problem);

                // A changed byte may be white space or an escape of the same text; then the whole table must be there.
                return problem is null
                    ? read.Routes[SmallFleet.Alias] == table.Routes[SmallFleet.Alias] && read.Releases.ContainsKey(release.Digest)
                    : read.Routes.Count == 0;
            },
            threads: 1,
            iter: 500);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"Checksum\":null,\"Content\":null}")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_file_of_another_shape_is_refused(string content)
    {
        System.IO.File.WriteAllText(File, content);
        var read = new Gateway.Routing.RouteFile(File).Read(out var problem);

        Assert.Empty(read.Routes);
        Assert.NotNull(problem);
    }

    [Fact]
    public async Task A_full_disk_does_not_stop_a_rollback()
    {
        await using var server = await ModelServer.Start();
        await using var control = await ScriptedControl.Start();
        await using var gateway = await RunningGateway.Start(control.Address, data: _data);
        var release = SmallFleet.Released("v7", server);
        await control.PublishAndAwait(SmallFleet.Plain(release, generation: 1), release);

        // Every byte written to /dev/full fails as on a disk without room.
        System.IO.File.CreateSymbolicLink(File + ".new", "/dev/full");
        await control.PublishAndAwait(SmallFleet.Plain(release, generation: 2), release);

        Assert.Equal("2", (await gateway.Chat("Hello?")).Headers["x-backstop-generation"]);
        Assert.Empty(control.Nacks);
        Assert.Contains(gateway.Log.Lines, line => line.Id == NotStored);
    }

    private async Task ServeOnce(ModelServer server, long generation)
    {
        await using var control = await ScriptedControl.Start();
        await using var gateway = await RunningGateway.Start(control.Address, data: _data);
        var release = SmallFleet.Released("v7", server);
        await control.PublishAndAwait(SmallFleet.Plain(release, generation), release);
        await gateway.Stop();
    }
}
