using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Backstop.Control.Api;

/// <summary>Tells where a list goes on (RFC 8288), so that a page is found by a key and not by counting what comes before it.</summary>
internal static class PageLink
{
    /// <summary>Adds <c>Link: &lt;…&gt;; rel="next"</c> when there may be more.</summary>
    /// <param name="context">The request; what else it asks for stays in the link.</param>
    /// <param name="count">How many were found.</param>
    /// <param name="limit">How many were asked for.</param>
    /// <param name="last">The key of the last one.</param>
    public static void Add(HttpContext context, int count, int limit, string? last)
    {
        if (count < limit || last is not { } key)
        {
            return;
        }

        var query = new QueryBuilder(context.Request.Query.Where(q => q.Key != "after").SelectMany(q => q.Value, (q, value) => KeyValuePair.Create(q.Key, value ?? "")))
        {
            { "after", key },
        };
        context.Response.Headers.Link = $"<{context.Request.PathBase}{context.Request.Path}{query}>; rel=\"next\"";
    }
}
