using System.Runtime.CompilerServices;
using Backstop.Control.Api;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Access;

/// <summary>Which aliases an address is about.</summary>
internal enum Reach
{
    /// <summary>None, or it shows only what the caller may see.</summary>
    Any,

    /// <summary>All of them: whoever is held to some aliases may not.</summary>
    Everything,

    /// <summary>The one that stands in the address.</summary>
    Named,

    /// <summary>The one that what stands in the address belongs to.</summary>
    Owning,
}

/// <summary>What an address of the API asks of its caller.</summary>
/// <param name="Scope">The scope.</param>
/// <param name="Reach">Which aliases it is about.</param>
/// <param name="AliasOf">With <see cref="Reach.Named"/> and <see cref="Reach.Owning"/>: which; null when what the address names does not exist.</param>
internal sealed record Needs(Scope Scope, Reach Reach, Func<HttpContext, Task<string?>>? AliasOf);

/// <summary>How addresses declare what they need.</summary>
internal static class NeedsDeclaration
{
    /// <summary>Needs a scope, on whatever aliases.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder endpoint, Scope scope, Reach reach = Reach.Any)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Needs(scope, reach, AliasOf: null));

    /// <summary>Needs a scope on the alias that stands in the address.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="parameter">The name of the part of the address that is the alias.</param>
    public static TBuilder NeedsOnAlias<TBuilder>(this TBuilder endpoint, Scope scope, string parameter = "name")
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new Needs(scope, Reach.Named, http => Task.FromResult(http.Request.RouteValues[parameter] as string)));

    /// <summary>Needs a scope on the alias of what the address names by an id.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="aliasOf">The alias of an id, from a service; null when there is nothing of this id.</param>
    public static TBuilder NeedsOnAliasOf<TBuilder, TService>(this TBuilder endpoint, Scope scope, Func<TService, string, Task<string?>> aliasOf)
        where TBuilder : IEndpointConventionBuilder
        where TService : notnull => endpoint.WithMetadata(new Needs(scope, Reach.Owning, http => aliasOf(
            (TService)http.RequestServices.GetService(typeof(TService))!, (string)http.Request.RouteValues["id"]!)));

    /// <summary>Refuses to start with an address that asks nothing of its callers: somebody forgot to say what it needs.</summary>
    public static TBuilder AllMustDeclare<TBuilder>(this TBuilder group)
        where TBuilder : IEndpointConventionBuilder
    {
        group.Finally(endpoint =>
        {
            if (!endpoint.Metadata.OfType<Needs>().Any())
            {
                throw new InvalidOperationException(
                    $"{endpoint.DisplayName} does not say what it asks of its callers: add .Needs(Scope.…) where it is mapped, and a line to docs/access.md.");
            }
        });
        return group;
    }
}
