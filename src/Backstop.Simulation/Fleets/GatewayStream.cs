using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>A gateway's end of its fleet stream: breaks when a message is lost, and comes back by itself.</summary>
/// <param name="connected">Says what a new stream begins with.</param>
/// <param name="brokeAtControl">Tells the other end.</param>
internal sealed class GatewayStream(
    string node, World world, SplitMix64 random, Action<long> connected, Action<string, long> brokeAtControl)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    private TimeSpan _delay = FirstDelay;
    private long _lastNumber;
    private bool _isOpen;
    private long _process;

    /// <summary>The stream that is open, or was last.</summary>
    public long Number => _lastNumber;

    /// <summary>Opens a new stream.</summary>
    public void Connect()
    {
        _isOpen = true;
        _lastNumber++;
        connected(_lastNumber);
    }

    /// <summary>The process died. Nothing comes back by itself until it is started again.</summary>
    public void Close()
    {
        (_isOpen, _delay) = (false, FirstDelay);
        _process++;
    }

    /// <summary>Whether a message of this stream is for the process that lives now. One that is resets the patience.</summary>
    public bool Hears(long number)
    {
        var hears = _isOpen && number == _lastNumber;
        _delay = hears ? FirstDelay : _delay;
        return hears;
    }

    /// <summary>Sends a message to control if a stream is open; what is not sent is repeated by who needs it.</summary>
    public void Send(Func<bool> deliver)
    {
        if (_isOpen)
        {
            var number = _lastNumber;
            world.Network.Send(node, $"up {node} {number}", deliver, () =>
            {
                Broke(number);
                brokeAtControl(node, number);
            });
        }
    }

    /// <summary>A stream broke: try again, later each time.</summary>
    public void Broke(long number)
    {
        if (!_isOpen || number != _lastNumber)
        {
            return;
        }

        _isOpen = false;
        var process = _process;
        world.Time.After(_delay * (0.5 + random.Uniform()), () =>
        {
            if (process == _process && !_isOpen)
            {
                Connect();
            }
        });
        _delay = _delay * 2 < LongestDelay ? _delay * 2 : LongestDelay;
    }
}
