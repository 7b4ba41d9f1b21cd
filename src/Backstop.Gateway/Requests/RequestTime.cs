using Backstop.Core.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>The time one request has: until its caller leaves, and never longer than its total.</summary>
/// <remarks>A request waits for one thing at a time, so one timer serves all its waits.</remarks>
public sealed class RequestTime(TimeSpan total, TimeProvider clock, CancellationToken left) : IDisposable
{
    private readonly long _began = clock.GetTimestamp();
    private TimeSpan _total = total;
    private CancellationTokenSource? _wait;

    /// <summary>Cancelled when the caller has gone.</summary>
    public CancellationToken Left => left;

    /// <summary>From the request to a release until its answer's headers, and from there to the first piece of a stream.</summary>
    public TimeSpan FirstToken { get; private set; } = total;

    /// <summary>From one piece of an answer to the next.</summary>
    public TimeSpan BetweenTokens { get; private set; } = total;

    private TimeSpan Remaining => _total - clock.GetElapsedTime(_began) is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero;

    /// <summary>Takes over what the alias and the release that is asked now say. The total counts from the request's beginning.</summary>
    public void Keep(Timeouts timeouts) => (_total, FirstToken, BetweenTokens) =
        (timeouts.Total ?? _total, timeouts.FirstToken ?? FirstToken, timeouts.BetweenTokens ?? BetweenTokens);

    /// <summary>Since the request began.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(_began);

    /// <summary>Begins a wait, and ends the one before.</summary>
    /// <returns>Cancelled when the caller leaves, after <paramref name="limit"/>, or when the request's time is over.</returns>
    public CancellationToken Within(TimeSpan limit)
    {
        if (_wait is null or { IsCancellationRequested: true })
        {
            _wait?.Dispose();
            _wait = CancellationTokenSource.CreateLinkedTokenSource(left);
        }

        _wait.CancelAfter(limit < Remaining ? limit : Remaining);
        return _wait.Token;
    }

    /// <summary>Ends the wait that is going on as if its time were over.</summary>
    public void Interrupt() => Volatile.Read(ref _wait)?.Cancel();

    public void Dispose() => _wait?.Dispose();
}
