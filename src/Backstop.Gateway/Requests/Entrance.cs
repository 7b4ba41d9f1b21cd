using System.Text.Json;
using Backstop.Gateway.Access;
using Backstop.Gateway.Dialects;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>Who may ask, and what a request must be to be taken.</summary>
public sealed class Entrance(GatewayOptions options, LiveKeys keys)
{
    private const int FarBelowTheServers = 1 << 20;

    /// <summary>Reads the request, or says why it is not taken.</summary>
    /// <exception cref="OperationCanceledException">The caller left, or its body took too long.</exception>
    public async ValueTask<(ModelRequest? Request, ApiError? Refused)> Admit(HttpContext http, Dialect dialect, RequestTime time)
    {
        if (keys.Refuse(http.Request, out var guest) is { } stranger)
        {
            return (null, stranger);
        }

        if (dialect.FlawOf(http.Request.Headers) is { } unservable)
        {
            return (null, unservable);
        }

        if (http.Request.Headers.ContentEncoding.ToString() is not ("" or "identity"))
        {
            return (null, ApiError.EncodedBody());
        }

        if (http.Request.ContentLength > options.MaxBodyBytes)
        {
            return (null, ApiError.BodyTooLarge(options.MaxBodyBytes));
        }

        // The gateway's own limit decides, not the server's, which may be lower and speaks in its own words.
        if (http.Request.ContentLength is null or > FarBelowTheServers && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null;
        }

        if (await BoundedBody.Read(http.Request.Body, options.MaxBodyBytes, http.Request.ContentLength, time, options.RequestDeadline) is not { } body)
        {
            return (null, ApiError.BodyTooLarge(options.MaxBodyBytes));
        }

        try
        {
            var request = ModelRequest.Read(body, dialect, http.GetRouteValue("alias") as string);
            request.Key = guest.Name;
            if (request.Flaw is { } flaw)
            {
                return (null, flaw);
            }

            if (!guest.MayCall(request.Alias!))
            {
                return (null, ApiError.AliasForbidden(request.Alias!));
            }

            if (http.Request.Headers.TryGetValue(TesterChoice.Header, out var wish))
            {
                request.Wish = new(wish.ToString(), guest.MayChoose(request.Alias!));
            }

            return (request, null);
        }
        catch (JsonException e)
        {
            return (null, ApiError.InvalidJson(e.Message));
        }
        catch (InvalidOperationException)
        {
            return (null, ApiError.InvalidJson("a string holds half a surrogate pair."));
        }
    }
}
