using Backstop.Gateway.Fleet;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Fleet;

/// <summary>Which control plane or relay a gateway follows, of several.</summary>
public sealed class ZoneTests
{
    private static readonly ControlAddress[] All =
        [new(new("http://a"), "eu"), new(new("http://b"), "us"), new(new("http://c"), "eu"), new(new("http://d")), new(new("http://e"), "us")];

    [Fact]
    public void Those_of_a_gateways_own_zone_come_first_and_none_is_left_out()
    {
        foreach (var gateway in Enumerable.Range(0, 100).Select(i => $"gateway-{i}"))
        {
            var (order, near) = ControlAddress.OrderFor(gateway, "us", All);
            Assert.Equal(2, near);
            Assert.All(order[..near], c => Assert.Equal("us", c.Zone));
            Assert.Equal(All.Length, order.Distinct().Count());
        }
    }

    [Fact]
    public void Gateways_without_a_zone_spread_over_all()
    {
        var first = Enumerable.Range(0, 200).Select(i => ControlAddress.OrderFor($"gateway-{i}", "", All).Order[0]).CountBy(c => c).ToDictionary();
        Assert.Equal(All.Length, first.Count);
        Assert.All(first.Values, count => Assert.InRange(count, 15, 80));
    }

    [Fact]
    public async Task A_gateway_leaves_its_zone_when_nobody_there_answers_and_goes_back_when_somebody_does()
    {
        await using var far = await ScriptedControl.Start();
        var near = await ScriptedControl.Start();
        var home = near.Address;
        await using var gateway = await RunningGateway.Start(far.Address, options =>
        {
            options.Zone = "eu";
            options.Control = [new(far.Address, "us"), new(home, "eu")];
            options.HomeInterval = TimeSpan.FromMilliseconds(100);
        });
        await Eventually.Is(() => near.Hellos.Length, hellos => hellos == 1);
        Assert.Equal("eu", near.Hellos[0].Zone);
        Assert.Empty(far.Hellos);

        await near.DisposeAsync();
        await Eventually.Is(() => far.Hellos.Length, hellos => hellos == 1);

        await using var again = await ScriptedControl.Start(home.Port);
        await Eventually.Is(() => again.Hellos.Length, hellos => hellos == 1);
        Assert.Single(far.Hellos);
    }
}
