using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Limits;

/// <summary>How many requests this gateway answers at one time. Beyond that, turning some away at once is kinder than being late for all.</summary>
public sealed class WholeGateway(GatewayOptions options)
{
    private int _open;

    /// <summary>Requests being answered.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Begins a request that <see cref="End"/> ends; or says that there is no room.</summary>
    public ApiError? Begin()
    {
        if (Interlocked.Increment(ref _open) <= options.MaxConcurrentRequests)
        {
            return null;
        }

        End();
        return ApiError.Overloaded(TimeSpan.FromSeconds(1));
    }

    public void End() => Interlocked.Decrement(ref _open);
}
