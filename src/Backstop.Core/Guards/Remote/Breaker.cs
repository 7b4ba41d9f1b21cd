namespace Backstop.Core.Guards.Remote;

/// <summary>Leaves alone who failed several times in a row; after a rest one question tries, and its answer decides.</summary>
/// <remarks>A guard that is down must not cost every text its timeout. Not for use by two threads at once.</remarks>
/// <param name="breakAfter">Failures in a row.</param>
public sealed class Breaker(int breakAfter, TimeSpan rest)
{
    private int _failures;
    private TimeSpan _restsUntil;

    /// <param name="now">Time since any fixed moment.</param>
    public bool MayAsk(TimeSpan now)
    {
        if (_failures < breakAfter)
        {
            return true;
        }

        if (now < _restsUntil)
        {
            return false;
        }

        _restsUntil = now + rest; // One tries; the others wait for what it finds.
        return true;
    }

    public void Succeeded() => _failures = 0;

    public void Failed(TimeSpan now)
    {
        _failures++;
        _restsUntil = now + rest;
    }
}
