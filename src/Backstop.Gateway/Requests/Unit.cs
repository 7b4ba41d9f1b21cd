using Backstop.Core.Routing;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>What a request is assigned by.</summary>
internal static class Unit
{
    /// <summary>The header <c>x-backstop-unit</c>, else the header that the alias names, else the user in the body where the alias says so, else the request.</summary>
    public static string Of(HttpRequest http, ModelRequest request, Route route, string id)
    {
        var sticky = route.Traffic.Sticky;
        if (http.Headers.TryGetValue("x-backstop-unit", out var unit))
        {
            return unit.ToString();
        }

        if (sticky.Header is { } header && http.Headers.TryGetValue(header, out var named) && named.ToString() is { Length: > 0 } name)
        {
            return name;
        }

        return sticky.ByUser && request.User is { Length: > 0 } user ? user : id;
    }
}
