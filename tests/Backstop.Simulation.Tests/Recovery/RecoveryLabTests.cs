using System.Text.Json;
using Backstop.Simulation.Recovery;

namespace Backstop.Simulation.Tests.Recovery;

public class RecoveryLabTests
{
    private static readonly RecoveryOptions Few = new() { Incidents = 40, Cadences = [5, 45, 120] };

    [Fact]
    public void The_same_options_give_the_same_table() =>
        Assert.Equal(JsonSerializer.Serialize(RecoveryLab.Run(Few)), JsonSerializer.Serialize(RecoveryLab.Run(Few)));

    [Fact]
    public void The_printed_incident_is_one_of_the_sweep()
    {
        var printed = RecoveryLab.Run(new() { Incidents = 1, Seed = 7, Cadences = [45] }).First(r => r is { Cadence: 45, Warm: true });
        Assert.Equal((135.0, 8.0, 143.0), (printed.Detection, printed.Rollback, printed.Recovery));
    }

    [Fact]
    public void A_slower_monitor_recovers_later_and_warmth_saves_the_same_at_every_cadence()
    {
        var rows = RecoveryLab.Run(Few);
        var warm = rows.Where(r => r is { Cadence: not null, Warm: true }).ToList();
        Assert.True(warm[0].Recovery < warm[1].Recovery && warm[1].Recovery < warm[2].Recovery);
        Assert.All(warm, w => Assert.Equal(82, rows.Single(r => r.Cadence == w.Cadence && !r.Warm).Recovery - w.Recovery, 1e-9));
    }

    [Fact]
    public void The_alarm_comes_at_once_and_raising_the_holdback_on_it_brings_the_proof_long_before_waiting_would()
    {
        var rows = RecoveryLab.Run(Few);
        var ours = rows.Where(r => r is { Cadence: null, Warm: true }).ToDictionary(r => r.Rule, StringComparer.Ordinal);

        Assert.All(ours.Values, row => Assert.Equal(row.Incidents, row.Found));
        Assert.True(ours["ours, alarm only"].DetectionP95 < rows.First(r => r.Cadence == 5).DetectionP95 / 2);
        Assert.True(ours["ours, raised on alarm"].Detection < ours["ours, 5 % holdback"].Detection / 2);
    }
}
