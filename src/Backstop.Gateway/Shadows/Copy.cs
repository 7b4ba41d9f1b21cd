using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Shadows;

/// <summary>A request to be asked again of a release whose answer no user sees, with what the user got.</summary>
/// <param name="Pool">The release that is asked.</param>
/// <param name="Outcome">How the user's answer counted.</param>
/// <param name="Text">What it said, or its beginning.</param>
/// <param name="Took">How long the user waited for all of it.</param>
/// <param name="Ask">Asks the release.</param>
public sealed record Copy(
    Route Route, ReleasePool Pool, int BodyLength, bool Attack, Outcome Outcome, string Text, TimeSpan Took, Func<CancellationToken, Task<Screened>> Ask)
{
    /// <summary>Who gets a copy of a request: the candidate of a rollout that is shadowing, or else the alias's own test. Null for nobody.</summary>
    /// <remarks>Drawn from the unit, apart from the arms: so who is copied does not depend on who answers.</remarks>
    public static string? ReceiverOf(Route route, string unit)
    {
        var (receiver, share) = route.ShadowBasisPoints == 0 && route.Traffic.Shadow is { } shadow
            ? (shadow.Release, shadow.BasisPoints)
            : (route.Candidate, route.ShadowBasisPoints);
        return receiver is not null && (int)(StableHash.Of("shadow", unit) % Route.Whole) < share ? receiver : null;
    }
}
