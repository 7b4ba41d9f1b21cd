using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Limits;

/// <summary>How many requests this gateway answers at one time. Beyond that, turning some away at once is kinder than being late for all.</summary>
public sealed class WholeGateway(GatewayOptions options)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _open;
    private bool _closed;

    /// <summary>Requests being answered.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Begins a request that <see cref="End"/> ends; or says that there is no room.</summary>
    public ApiError? Begin()
    {
        var isRoom = Interlocked.Increment(ref _open) <= options.MaxConcurrentRequests;
        var isClosed = Volatile.Read(ref _closed);
        if (isRoom && !isClosed)
        {
            return null;
        }

        End();
        return isClosed ? ApiError.GatewayLeaves() : ApiError.Overloaded(TimeSpan.FromSeconds(1));
    }

    public void End()
    {
        if (Interlocked.Decrement(ref _open) == 0 && Volatile.Read(ref _closed))
        {
            _ended.TrySetResult();
        }
    }

    /// <summary>From here on it takes no request. Ends when none is under way.</summary>
    public Task Close()
    {
        Interlocked.Exchange(ref _closed, true); // Whoever comes now finds it closed, or is counted.
        if (Open == 0)
        {
            _ended.TrySetResult();
        }

        return _ended.Task;
    }
}
