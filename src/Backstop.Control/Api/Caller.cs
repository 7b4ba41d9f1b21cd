using System.Security.Claims;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Api;

/// <summary>Who asks, and what he may do.</summary>
/// <param name="name">The name of the key, the subject of the token, or what a user of this machine calls himself.</param>
/// <param name="rights">What he may do.</param>
public sealed class Caller(string name, Rights rights) : ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.Name, name)], "Backstop"))
{
    private const int LongestName = 100;

    /// <summary>The actor of what he does.</summary>
    public string Name => name;

    /// <summary>What he may do.</summary>
    public Rights Rights => rights;

    /// <summary>The actor, for the journal.</summary>
    public static string Of(HttpContext context) => Known(context)?.Name ?? "api";

    /// <summary>The caller of a request; null when it is not known who he is.</summary>
    public static Caller? Known(HttpContext context) => context.User as Caller;

    /// <summary>Whether the caller of a request may see what belongs to an alias.</summary>
    public static bool Sees(HttpContext context, string alias) => Known(context)?.Rights.Allow(Scope.Read, alias) == true;

    /// <summary>Expects the caller to have a scope on an alias that only the body of the request names.</summary>
    /// <param name="context">The request.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="alias">The alias; null when it is about all of them.</param>
    /// <exception cref="RefusedException">He has not.</exception>
    public static void MustReach(HttpContext context, Scope scope, string? alias)
    {
        if (Known(context) is not { } caller || !(alias is null ? caller.Rights.AllowEverywhere(scope) : caller.Rights.Allow(scope, alias)))
        {
            throw RefusedException.Forbidden($"'{Of(context)}' may not do this on {(alias is null ? "all aliases" : $"'{alias}'")}: its scope '{scope.Word()}' is held to others.");
        }
    }

    /// <summary>Somebody on this machine while no key exists; he is who he says in <c>x-backstop-actor</c>.</summary>
    internal static Caller OfThisMachine(HttpRequest request) => new(
        request.Headers["x-backstop-actor"].ToString() is { Length: > 0 and <= LongestName } actor && !actor.Any(char.IsControl) ? actor : "api",
        Rights.OfThisMachine);
}
