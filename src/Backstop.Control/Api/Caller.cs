using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Api;

/// <summary>Who asks, for the journal.</summary>
internal static class Caller
{
    private const int LongestName = 100;

    /// <summary>What the caller says in <c>x-backstop-actor</c>, else <c>api</c>. Nobody but this machine can call.</summary>
    public static string Of(HttpContext context) =>
        context.Request.Headers["x-backstop-actor"].ToString() is { Length: > 0 and <= LongestName } actor && !actor.Any(char.IsControl) ? actor : "api";
}
