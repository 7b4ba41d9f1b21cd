namespace Backstop.Gateway.Sockets;

/// <summary>Decides whether a message should wait for others that leave soon.</summary>
/// <remarks>
/// Who waits alone has paid for the wait and gained nothing. Whether there will be company cannot be known, only whether there was:
/// after a small batch some messages do not wait, twice as many each time, as in binary exponential backoff (IEEE 802.3).
/// </remarks>
internal sealed class Coalescing
{
    /// <summary>So many messages in a batch are worth it: the wait costs about as much as to wake one receiver.</summary>
    public const int Enough = 3;

    /// <summary>Most messages that do not wait between two that do.</summary>
    public const int LongestPause = 64;

    private int _pause;
    private int _left;

    /// <summary>Whether the next message is to wait. Each call is a message.</summary>
    public bool Waits()
    {
        if (_left == 0)
        {
            return true;
        }

        _left--;
        return false;
    }

    /// <summary>A batch was sent.</summary>
    /// <param name="messages">How many there were in it.</param>
    public void Left(int messages) => _left = _pause = messages >= Enough ? 0 : Math.Clamp(2 * _pause, 1, LongestPause);
}
