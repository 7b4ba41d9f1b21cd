using Microsoft.Extensions.ObjectPool;

namespace Backstop.Gateway.Requests;

/// <summary>Keeps the times of requests that are over for the next ones, so that not each makes a timer and a source of tokens of its own.</summary>
/// <remarks>Only what nobody else has any more: a late word to a time that was cut short, or lent, would end another request's wait.</remarks>
public sealed class RequestTimes
{
    private const int Most = 1024;

    private readonly ObjectPool<RequestTime> _free;

    public RequestTimes(TimeProvider clock) => _free = new DefaultObjectPool<RequestTime>(new Making(clock, this), Most);

    /// <summary>Begins the time of a request; it is over when it is disposed.</summary>
    /// <param name="total">The most it has.</param>
    /// <param name="left">Cancelled when its caller leaves.</param>
    public RequestTime Begin(TimeSpan total, CancellationToken left)
    {
        var time = _free.Get();
        time.Begin(total, left);
        return time;
    }

    internal void Return(RequestTime time) => _free.Return(time);

    private sealed class Making(TimeProvider clock, RequestTimes home) : PooledObjectPolicy<RequestTime>
    {
        public override RequestTime Create() => new(clock, home);

        public override bool Return(RequestTime obj) => true;
    }
}
