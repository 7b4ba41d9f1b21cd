using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Backstop.Control.Api;

/// <summary>Tells where a list goes on (RFC 8288), so that a page is found by a key and not by counting what comes before it.</summary>
internal static class PageLink
{
    /// <summary>The longest page, and the one of whoever does not say.</summary>
    public const int Longest = 1000;

    /// <summary>How many are to be shown.</summary>
    public static int Limit(int? asked) => Math.Clamp(asked ?? Longest, 1, Longest);

    /// <summary>The part of a short list behind a key.</summary>
    /// <param name="context">The request.</param>
    /// <param name="all">The list, in the order of its keys.</param>
    /// <param name="key">The key of one.</param>
    /// <param name="after">The key of the last one that is known; null for none.</param>
    /// <param name="limit">How many were asked for.</param>
    public static List<T> Of<T>(HttpContext context, IEnumerable<T> all, Func<T, string> key, string? after, int? limit)
    {
        var most = Limit(limit);
        List<T> page = [.. all.Where(item => after is null || string.CompareOrdinal(key(item), after) > 0).Take(most)];
        Add(context, page.Count, most, page.Count == 0 ? null : key(page[^1]));
        return page;
    }

    /// <summary>The next of those that the caller may see, however many lie between that he may not: not even a link may name one of them.</summary>
    /// <param name="context">The request.</param>
    /// <param name="fetch">Gives what follows one.</param>
    /// <param name="name">The key of one, and the alias that it belongs to.</param>
    /// <param name="after">The last one that is known; null for none.</param>
    /// <param name="limit">How many were asked for.</param>
    public static async Task<List<T>> Seen<T>(
        HttpContext context, Func<T?, int, Task<List<T>>> fetch, Func<T, (string Key, string Alias)> name, T? after, int? limit)
        where T : class
    {
        if (after is not null && !Caller.Sees(context, name(after).Alias))
        {
            throw Unknown(name(after).Key);
        }

        var (most, page, from) = (Limit(limit), new List<T>(), after);
        List<T> fetched;
        do
        {
            fetched = await fetch(from, most);
            from = fetched.LastOrDefault();
            page.AddRange(fetched.Where(item => Caller.Sees(context, name(item).Alias)).Take(most - page.Count));
        }
        while (page.Count < most && fetched.Count == most);

        Add(context, page.Count, most, page.Count == 0 ? null : name(page[^1]).Key);
        return page;
    }

    /// <summary>Nothing of this name is in the list, or the caller may not know of it.</summary>
    public static RefusedException Unknown(string after) => RefusedException.Invalid($"'after' is '{after}', which is nothing in this list: give the name of the last one you have.");

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
