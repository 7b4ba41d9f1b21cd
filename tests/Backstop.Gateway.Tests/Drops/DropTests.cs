using System.Net;
using Backstop.Core.Routing;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Drops;

/// <summary>An operator on the gateway's host stops a release there, whatever else is dead.</summary>
public sealed class DropTests : IDisposable
{
    private const int DroppedId = 1007;
    private const int RefusedId = 1009;

    private readonly string _data = Directory.CreateTempSubdirectory("backstop-drops-").FullName;

    private DropFile Orders => new(_data);

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_dropped_candidate_gets_no_new_request_and_its_users_get_the_current_release()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, data: _data);
        Assert.Equal("v8", await Release(fleet.Gateway));

        await Obey(Order("v8"));
        var before = fleet.Eight.Asked.Length;
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("v7", await Release(fleet.Gateway));
        }

        Assert.Equal(before, fleet.Eight.Asked.Length);
        await Obey(Orders.Write([]));
        Assert.Equal("v8", await Release(fleet.Gateway));
    }

    [Fact]
    public async Task When_the_current_release_is_dropped_the_previous_one_answers()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted, data: _data);
        await Obey(Order("v8"));

        Assert.Equal("v7", await Release(fleet.Gateway));
        Assert.Empty(fleet.Eight.Asked);
    }

    [Fact]
    public async Task When_everything_is_dropped_callers_are_told_that_nothing_answers()
    {
        await using var fleet = await SmallFleet.Start(data: _data);
        await Obey(Order("v7"));

        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.ServiceUnavailable, "no_warm_release");
        Assert.Empty(fleet.Seven.Asked);
    }

    [Fact]
    public async Task A_drop_holds_over_a_restart_before_the_first_request_and_with_control_dead()
    {
        await using var server = await ModelServer.Start();
        await using var young = await ModelServer.Start();
        var (v7, v8) = (SmallFleet.Released("v7", server), SmallFleet.Released("v8", young));
        await using (var control = await ScriptedControl.Start())
        await using (var gateway = await RunningGateway.Start(control.Address, data: _data))
        {
            await control.PublishAndAwait(SmallFleet.Promoted(v7, v8), v7, v8);
            await Obey(Order(v8.Digest)); // By its digest this time.
        }

        await using var restarted = await RunningGateway.Start(new("http://127.0.0.1:1"), data: _data);
        Assert.Equal("v7", await Release(restarted));
        Assert.Empty(young.Asked);
        Assert.Contains(restarted.Log.Lines, line => line.Id == DroppedId);
    }

    [Fact]
    public async Task A_drop_holds_for_routes_that_come_after_it()
    {
        await using var fleet = await SmallFleet.Start(data: _data);
        await Obey(Order("v8"));
        var (v7, v8) = (SmallFleet.Released("v7", fleet.Seven), SmallFleet.Released("v8", fleet.Eight));
        await fleet.Control.PublishAndAwait(SmallFleet.Canary(v7, v8) with { Generation = 2 }, v8);

        Assert.Equal("v7", await Release(fleet.Gateway));
    }

    [Fact]
    public async Task Control_is_told_what_was_dropped_while_it_was_away()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, data: _data);
        fleet.Control.OnConnect = _ => throw new InvalidOperationException("Control is away.");
        fleet.Control.Drop();
        await Obey(Order("v8"));
        fleet.Control.OnConnect = _ => { };

        var told = (await Eventually.Is(() => fleet.Control.Drops, drops => drops.Length > 0))[0].Drops_;
        Assert.Equal(("v8", "a test", "operator"), (told[0].Release, told[0].Reason, told[0].By));
        await Obey(Orders.Write([]));
        await Eventually.Is(() => fleet.Control.Drops, drops => drops[^1].Drops_.Count == 0);
    }

    [Theory]
    [InlineData("""{"Content":"[]","Mac":"00"}""")]
    [InlineData("""{"Content":"[]"}""")]
    [InlineData("not JSON")]
    public async Task An_order_that_was_not_signed_with_the_key_changes_nothing(string forged)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, data: _data);
        await Obey(Order("v8"));
        await File.WriteAllTextAsync(Path.Combine(_data, "drops.json"), forged, TestContext.Current.CancellationToken);

        await Eventually.Is(() => fleet.Gateway.Log.Lines, lines => lines.Any(l => l.Id == RefusedId));
        Assert.Equal("v7", await Release(fleet.Gateway));
    }

    [Fact]
    public void The_key_can_be_read_by_its_owner_alone()
    {
        Orders.MakeKey();
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such modes.");
        }
        else
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_data, "drops.key")));
        }
    }

    [Fact]
    public void Another_key_does_not_sign_for_this_gateway()
    {
        var elsewhere = Directory.CreateTempSubdirectory("backstop-drops-").FullName;
        Orders.MakeKey();
        new DropFile(elsewhere).MakeKey();
        new DropFile(elsewhere).Write([new("v8", "forged", "intruder", DateTimeOffset.UnixEpoch)]);
        File.Copy(Path.Combine(elsewhere, "drops.json"), Path.Combine(_data, "drops.json"));

        Assert.Throws<InvalidDataException>(() => Orders.Read(out _));
        Directory.Delete(elsewhere, recursive: true);
    }

    [Fact]
    public void Whoever_is_dropped_is_replaced_by_the_nearest_that_is_not()
    {
        var route = SmallFleetRoute with { Traffic = TrafficPolicy.Parse("""{"fallback":[{"release":"safe"}]}""") };
        var candidate = new Assignment(Arm.Candidate, "new");

        Assert.Equal("new", Succession.First(route, candidate, _ => false));
        Assert.Equal("current", Succession.First(route, candidate, r => r == "new"));
        Assert.Equal("safe", Succession.First(route, candidate, r => r is "new" or "current"));
        Assert.Equal("previous", Succession.First(route, candidate, r => r is "new" or "current" or "safe"));
        Assert.Equal("new", Succession.First(route, candidate, _ => true));
    }

    private static Route SmallFleetRoute =>
        new() { Alias = SmallFleet.Alias, Epoch = 1, Generation = 1, Current = "current", Candidate = "new", Previous = "previous", Salt = "s" };

    private string Order(string release) => Orders.Write([new(release, "a test", "operator", DateTimeOffset.UnixEpoch)]);

    private Task Obey(string stamp) => Eventually.Is(Orders.Seen, seen => seen == stamp);

    private static async Task<string> Release(RunningGateway gateway) => (await gateway.Chat("Hello?")).Headers["x-backstop-release"];
}
