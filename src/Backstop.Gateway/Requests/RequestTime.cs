using Backstop.Core.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>The time one request has: until its caller leaves, and never longer than its total.</summary>
public sealed class RequestTime(TimeSpan total, TimeProvider clock, CancellationToken left)
{
    private TimeSpan _total = total;
    private readonly long _began = clock.GetTimestamp();

    /// <summary>Cancelled when the caller has gone.</summary>
    public CancellationToken Left => left;

    /// <summary>From the request to a release until its answer's headers, and from there to the first piece of a stream.</summary>
    public TimeSpan FirstToken { get; private set; } = total;

    /// <summary>From one piece of an answer to the next.</summary>
    public TimeSpan BetweenTokens { get; private set; } = total;

    /// <summary>Takes over what the alias and the release that is asked now say. The total counts from the request's beginning.</summary>
    public void Keep(Timeouts timeouts) => (_total, FirstToken, BetweenTokens) =
        (timeouts.Total ?? _total, timeouts.FirstToken ?? FirstToken, timeouts.BetweenTokens ?? BetweenTokens);

    private TimeSpan Remaining => _total - clock.GetElapsedTime(_began) is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero;

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
