using Backstop.Gateway.Fleet;
using Backstop.Protocol;

namespace Backstop.Gateway.Tests.Fleet;

public sealed class UnacknowledgedBatchesTests
{
    private readonly UnacknowledgedBatches _batches = new(most: 3, mostBytes: 1000);

    [Fact]
    public void The_oldest_go_when_there_are_too_many()
    {
        var dropped = Enumerable.Range(1, 5).Select(n => _batches.Add(new() { Sequence = (ulong)n })).ToArray();

        Assert.Equal([0, 0, 0, 1, 1], dropped);
        Assert.Equal([3UL, 4UL, 5UL], _batches.All().Select(b => b.Sequence));
    }

    [Fact]
    public void The_oldest_go_when_they_are_too_long_together_and_the_newest_never_does()
    {
        var dropped = new[] { 400, 400, 400, 2000 }.Select((length, n) => _batches.Add(new() { Sequence = (ulong)n, GatewayId = new('g', length) })).ToArray();

        Assert.Equal([0, 0, 1, 2], dropped);
        Assert.Equal([3UL], _batches.All().Select(b => b.Sequence));
    }

    [Fact]
    public void What_is_kept_for_long_is_the_same_afterwards()
    {
        var batch = new SignalBatch { Sequence = 7, GatewayId = "g", Started = { new Started { Alias = "a", Count = 3 } } };
        _batches.Add(batch, forLong: true);

        Assert.Equal([batch], _batches.All());
    }

    [Fact]
    public void An_acknowledgement_covers_everything_up_to_it()
    {
        _batches.Add(new() { Sequence = 1 });
        _batches.Add(new() { Sequence = 2 });
        _batches.Add(new() { Sequence = 3 });
        _batches.Acknowledge(2);

        Assert.Equal([3UL], _batches.All().Select(b => b.Sequence));
        Assert.False(_batches.Emptied().IsCompleted);
        _batches.Acknowledge(3);
        Assert.True(_batches.Emptied().IsCompleted);
        Assert.Equal(0, _batches.Count);
    }
}
