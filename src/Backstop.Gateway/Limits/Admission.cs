using Backstop.Core.Routing;
using Backstop.Gateway.Requests;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Limits;

/// <summary>What one alias uses of this gateway, and whether one more request fits.</summary>
public sealed class Admission(TimeProvider time)
{
    private readonly Usage _all = new(time);
    private Callers? _callers; // Few aliases limit them.

    private Callers CallersToTell => _callers ?? Interlocked.CompareExchange(ref _callers, new(time), null) ?? _callers;

    /// <summary>What requests read of it.</summary>
    internal IEnumerable<object?> Read => [this, _all];

    /// <summary>Requests being answered.</summary>
    public int Open => _all.Open;

    /// <summary>Lets a request in, or says why not. The permit must be disposed when the request ends.</summary>
    /// <remarks>The caller's own limit is asked first: one who asks too much must not use up what is for all.</remarks>
    internal ApiError? Enter(HttpContext http, string key, Route route, out Permit permit)
    {
        var policy = route.Traffic;
        permit = default;
        Usage? caller = null;
        if (policy.Caller != Core.Routing.Limits.None)
        {
            caller = CallersToTell.Of(Callers.NameOf(http, policy.CallerHeader, key));
            if (caller.Begin(policy.Caller) is { } own)
            {
                return own.IsRate ? ApiError.CallerTooFast(route.Alias, own.Wait) : ApiError.CallerTooMany(route.Alias, own.Wait);
            }
        }

        if (_all.Begin(policy.Alias) is { } excess)
        {
            caller?.Revoke(policy.Caller);
            return excess.IsRate ? ApiError.AliasTooFast(route.Alias, excess.Wait) : ApiError.Overloaded(excess.Wait);
        }

        permit = new(_all, caller);
        return null;
    }

    /// <summary>A place that a request takes until it ends.</summary>
    internal readonly struct Permit(Usage? all, Usage? caller) : IDisposable
    {
        public void Dispose()
        {
            all?.End();
            caller?.End();
        }
    }
}
