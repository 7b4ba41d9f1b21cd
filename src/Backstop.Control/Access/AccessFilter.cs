using System.Net;
using Backstop.Control.Api;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Access;

/// <summary>Lets a request through if its caller may make it.</summary>
internal sealed class AccessFilter(Doorkeeper door) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var needs = http.GetEndpoint()!.Metadata.GetRequiredMetadata<Needs>();
        ExpectOwnPage(http);
        await Check(http, Caller.Known(http) ?? throw Stranger(http), needs);
        return await next(context);
    }

    private async Task Check(HttpContext http, Caller caller, Needs needs)
    {
        var scope = needs.Scope.Word();
        if (!caller.Rights.Allow(needs.Scope))
        {
            throw RefusedException.Forbidden(door.IsOpen
                ? $"This needs the scope '{scope}', and no key exists yet: set BACKSTOP_KEY to the one-time key that 'backstop serve' printed when it started."
                : $"'{caller.Name}' has not the scope '{scope}', which this needs.");
        }

        if (caller.Rights.AllowEverywhere(needs.Scope) || needs.Reach is Reach.Any)
        {
            return;
        }

        if (needs.Reach is Reach.Everything)
        {
            throw RefusedException.Forbidden($"'{caller.Name}' is held to some aliases, and this is about all of them.");
        }

        var alias = await needs.AliasOf!(http);
        if (alias is null || !caller.Rights.Allow(needs.Scope, alias))
        {
            // What belongs to another alias must look like what does not exist.
            throw needs.Reach is Reach.Named
                ? RefusedException.Forbidden($"'{caller.Name}' may not do this on '{alias}': its scope '{scope}' is held to other aliases.")
                : RefusedException.Missing("There is nothing here that this key reaches.");
        }
    }

    /// <summary>
    /// A page of somebody else, open in a browser on this machine, can send requests here. It cannot set headers, so a key
    /// keeps it out; where none is needed, the browser says itself whose page it is, and the name it was given for this server.
    /// </summary>
    private void ExpectOwnPage(HttpContext http)
    {
        if (http.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && !HttpMethods.IsGet(http.Request.Method))
        {
            throw RefusedException.Forbidden("A page of another site sent this request. Send it from a program, or from a page of this server.");
        }

        if (door.IsOpen && !IsThisMachine(http.Request.Host.Host))
        {
            throw RefusedException.Forbidden($"This server asks for no key yet, so it answers to 'localhost' only, and not to '{http.Request.Host.Host}'.");
        }
    }

    private static bool IsThisMachine(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static RefusedException Stranger(HttpContext http)
    {
        // Browsers ask for a password when they are told so: any name, and the key.
        http.Response.Headers.WWWAuthenticate = http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            ? """Basic realm="Backstop: any name, and a key as the password", charset="UTF-8" """.TrimEnd()
            : "Bearer";
        return new(
            StatusCodes.Status401Unauthorized,
            "Not authenticated",
            http.Items[Credentials.Problem] as string ?? "This server asks for a key: send 'Authorization: Bearer KEY', or set BACKSTOP_KEY for the command line.");
    }
}
