using Backstop.Gateway.Fleet;

namespace Backstop.Gateway.Tests.Fleet;

public sealed class UnacknowledgedBatchesTests
{
    private readonly UnacknowledgedBatches _batches = new(most: 3, mostBytes: 1000);

    [Fact]
    public void The_oldest_go_when_there_are_too_many()
    {
        var dropped = Enumerable.Range(1, 5).Select(n => _batches.Add(new((ulong)n, ReadOnlyMemory<byte>.Empty))).ToArray();

        Assert.Equal([0, 0, 0, 1, 1], dropped);
        Assert.Equal([3UL, 4UL, 5UL], _batches.All().Select(b => b.Sequence));
    }

    [Fact]
    public void The_oldest_go_when_they_are_too_long_together_and_the_newest_never_does()
    {
        var dropped = new[] { 400, 400, 400, 2000 }.Select((length, n) => _batches.Add(new((ulong)n, new byte[length]))).ToArray();

        Assert.Equal([0, 0, 1, 2], dropped);
        Assert.Equal([3UL], _batches.All().Select(b => b.Sequence));
    }

    [Fact]
    public void An_acknowledgement_covers_everything_up_to_it()
    {
        _batches.Add(new(1, ReadOnlyMemory<byte>.Empty));
        _batches.Add(new(2, ReadOnlyMemory<byte>.Empty));
        _batches.Add(new(3, ReadOnlyMemory<byte>.Empty));
        _batches.Acknowledge(2);

        Assert.Equal([3UL], _batches.All().Select(b => b.Sequence));
        Assert.False(_batches.Emptied().IsCompleted);
        _batches.Acknowledge(3);
        Assert.True(_batches.Emptied().IsCompleted);
        Assert.Equal(0, _batches.Count);
    }
}
