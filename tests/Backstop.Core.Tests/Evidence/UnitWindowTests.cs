using Backstop.Core.Evidence;

namespace Backstop.Core.Tests.Evidence;

public sealed class UnitWindowTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_unit_counts_once_in_a_window_and_again_after_two()
    {
        var units = new UnitWindow(Window, most: 10);
        Assert.True(units.Counts(1, DateTimeOffset.UnixEpoch));
        Assert.False(units.Counts(1, DateTimeOffset.UnixEpoch));
        Assert.False(units.Counts(1, DateTimeOffset.UnixEpoch + Window));
        Assert.True(units.Counts(1, DateTimeOffset.UnixEpoch + (2 * Window)));
    }

    [Fact]
    public void More_units_than_are_remembered_push_the_oldest_out()
    {
        var units = new UnitWindow(Window, most: 2);
        Assert.All(Enumerable.Range(1, 5), unit => Assert.True(units.Counts((ulong)unit, DateTimeOffset.UnixEpoch)));
        Assert.False(units.Counts(4, DateTimeOffset.UnixEpoch));
        Assert.True(units.Counts(1, DateTimeOffset.UnixEpoch));
    }
}
