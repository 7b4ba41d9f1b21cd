using Backstop.Gateway.Access;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>The aliases as OpenAI's clients list models: what callers may name as theirs.</summary>
internal static class ModelsEndpoint
{
    public static void Map(IEndpointRouteBuilder endpoints, LiveKeys keys, LiveRoutes routes)
    {
        endpoints.MapGet("/v1/models", http => Answer(http, keys, guest => Results.Json(new
        {
            @object = "list",
            data = routes.Current.Routes.Routes.Keys.Where(guest.MayCall).Order(StringComparer.Ordinal).Select(Describe),
        })));
        endpoints.MapGet("/v1/models/{alias}", http => Answer(http, keys, guest =>
        {
            var alias = (string)http.GetRouteValue("alias")!;
            if (!routes.Current.Routes.Routes.TryGetValue(alias, out var route) || !guest.MayCall(alias))
            {
                return null;
            }

            Retrieved.Tell(http.Response, route.Traffic.Inputs);
            return Results.Json(Describe(alias));
        }));
    }

    private static object Describe(string alias) => new { id = alias, @object = "model", created = 0, owned_by = "backstop" };

    /// <param name="tell">Null where there is no such alias, or none that the caller may know of.</param>
    private static async Task Answer(HttpContext http, LiveKeys keys, Func<Guest, IResult?> tell)
    {
        http.Response.Headers["x-request-id"] = RequestId.Of(http.Request);
        if (keys.Refuse(http.Request, out var guest) is { } refused)
        {
            await http.Refuse(refused);
        }
        else if (tell(guest) is { } told)
        {
            await told.ExecuteAsync(http);
        }
        else
        {
            await http.Refuse(ApiError.UnknownAlias((string)http.GetRouteValue("alias")!));
        }
    }
}
