using Backstop.Gateway.Sockets;

namespace Backstop.Gateway.Tests.Sockets;

public sealed class CoalescingTests
{
    [Fact]
    public void Where_messages_leave_alone_ever_fewer_wait_and_never_none()
    {
        var coalescing = new Coalescing();
        List<int> pauses = [];
        for (var i = 0; i < 9; i++)
        {
            coalescing.Left(1);
            pauses.Add(MessagesUntilOneWaits(coalescing));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 64, 64], pauses);
    }

    [Fact]
    public void Once_a_batch_was_worth_it_every_message_waits()
    {
        var coalescing = new Coalescing();
        for (var i = 0; i < 9; i++)
        {
            coalescing.Left(Coalescing.Enough - 1);
        }

        coalescing.Left(Coalescing.Enough);

        Assert.Equal(0, MessagesUntilOneWaits(coalescing));
        Assert.Equal(0, MessagesUntilOneWaits(coalescing));
    }

    private static int MessagesUntilOneWaits(Coalescing coalescing)
    {
        var pause = 0;
        for (; !coalescing.Waits(); pause++)
        {
        }

        return pause;
    }
}
