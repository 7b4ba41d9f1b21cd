namespace Backstop.Gateway.Requests;

/// <summary>The time one request has: until its caller leaves, and never longer than its total.</summary>
public sealed class RequestTime(TimeSpan total, TimeProvider clock, CancellationToken left)
{
    private readonly long _began = clock.GetTimestamp();

    /// <summary>Cancelled when the caller has gone.</summary>
    public CancellationToken Left => left;

    private TimeSpan Remaining => total - clock.GetElapsedTime(_began) is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero;

    /// <summary>Begins a wait that ends when the caller leaves, after <paramref name="limit"/>, or when the request's time is over.</summary>
    public CancellationTokenSource Wait(TimeSpan limit)
    {
        var wait = CancellationTokenSource.CreateLinkedTokenSource(left);
        Restart(wait, limit);
        return wait;
    }

    /// <summary>Gives a wait its limit anew; the request's total goes on running.</summary>
    public void Restart(CancellationTokenSource wait, TimeSpan limit) => wait.CancelAfter(limit < Remaining ? limit : Remaining);
}
