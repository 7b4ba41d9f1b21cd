using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Fleet;

/// <summary>A control plane that stands still looks like one that has nothing to say; what it promised tells them apart.</summary>
public sealed class SilenceTests
{
    private const int Disconnected = 1102;

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task A_control_plane_that_gives_no_sign_of_life_though_it_promised_is_left_and_the_next_one_not_for_the_same_so_soon_after()
    {
        await using var other = await ScriptedControl.Start();
        await using var fleet = await SmallFleet.Start(configure: options =>
        {
            (options.Zone, options.HomeInterval) = ("eu", TimeSpan.FromHours(1));
            options.Control = [new(options.Control[0].Address, "eu"), new(other.Address, "us")];
        });
        (fleet.Control.Acknowledges, other.Acknowledges) = (false, false);

        fleet.Control.Promise(Soon);
        await Eventually.Is(() => other.Hellos.Length, hellos => hellos == 1);
        Assert.Contains(fleet.Gateway.Log.Lines, line => line.Id == Disconnected && line.Text.Contains("no sign of life", StringComparison.Ordinal));

        other.Promise(Soon);
        await SaysMuch(fleet.Gateway, other);
        Assert.Equal((1, 1), (fleet.Control.Hellos.Length, other.Hellos.Length));
    }

    [Fact]
    public async Task One_that_promised_nothing_may_be_silent_and_so_may_the_only_one()
    {
        await using var fleet = await SmallFleet.Start();
        fleet.Control.Acknowledges = false;
        await SaysMuch(fleet.Gateway, fleet.Control);
        fleet.Control.Promise(Soon);
        await SaysMuch(fleet.Gateway, fleet.Control);

        Assert.Single(fleet.Control.Hellos);
        Assert.DoesNotContain(fleet.Gateway.Log.Lines, line => line.Id == Disconnected);
    }

    // One batch after the other, each a tenth of a second after the one before: many times as long as the silence that was promised not to be.
    private static async Task SaysMuch(RunningGateway gateway, ScriptedControl control)
    {
        for (var i = 0; i < 5; i++)
        {
            var before = control.Batches.Length;
            await gateway.Chat("Hello?");
            await Eventually.Is(() => control.Batches.Length, batches => batches > before);
        }
    }
}
