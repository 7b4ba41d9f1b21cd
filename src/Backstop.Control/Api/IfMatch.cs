using Backstop.Control.Rollouts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Backstop.Control.Api;

/// <summary>A view of something that is read, decided on and changed: its tag is the answer's <c>ETag</c>.</summary>
internal interface ITagged
{
    /// <summary>Another one whenever somebody could decide otherwise.</summary>
    string Tag { get; }
}

/// <summary>What is asked with <c>If-Match</c> (RFC 9110) is done to the state that its sender has seen, or not at all.</summary>
internal sealed class IfMatch : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.Request.Headers.IfMatch is not { Count: > 0 } given)
        {
            return await next(context);
        }

        // Better refused than overlooked: whoever sends it relies on it.
        if (!http.GetEndpoint()!.Metadata.OfType<Conditional>().Any())
        {
            throw RefusedException.Invalid("'If-Match' means nothing at this address: leave it out. What changes an alias or a rollout knows it.");
        }

        if (!EntityTagHeaderValue.TryParseStrictList(given, out var tags))
        {
            throw RefusedException.Invalid("'If-Match' must hold what 'ETag' said, with its quotes, or '*'.");
        }

        if (tags.Contains(EntityTagHeaderValue.Any))
        {
            return await next(context);
        }

        RequestContext.Set(StateTag.Expected, string.Join('\n', tags.Where(t => !t.IsWeak).Select(t => t.Tag.ToString().Trim('"'))));
        try
        {
            return await next(context);
        }
        finally
        {
            RequestContext.Remove(StateTag.Expected);
        }
    }
}

/// <summary>Knows <c>If-Match</c>.</summary>
internal sealed record Conditional;

/// <summary>How addresses declare it.</summary>
internal static class ConditionalDeclaration
{
    /// <summary>Changes something whose state has a tag, by way of the one that owns it.</summary>
    public static TBuilder KnowsIfMatch<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new Conditional());
}
