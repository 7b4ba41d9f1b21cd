using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Api;

/// <summary>What routing refuses before any address is reached becomes a problem too: there is none, or it takes another verb or another form.</summary>
internal sealed class RoutingProblems : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (http, rest) =>
        {
            await rest(http);
            if (http.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) && http.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } bare)
            {
                await Results.Problem(Detail(bare), statusCode: bare.StatusCode, title: Title(bare.StatusCode)).ExecuteAsync(http);
            }
        });
        next(app);
    };

    private static string Detail(HttpResponse response) => response.StatusCode switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this address. GET /api/v1/openapi.json describes every address of the API.",
        StatusCodes.Status405MethodNotAllowed => $"This address takes {response.Headers.Allow}, and not {response.HttpContext.Request.Method}.",
        StatusCodes.Status415UnsupportedMediaType => $"Send JSON in UTF-8, with the header 'Content-Type: {StrictBody.Json}'.",
        _ => "The request is not one that can be read. Look at its address and its headers.",
    };

    private static string Title(int status) => status switch
    {
        StatusCodes.Status404NotFound => "Not found",
        StatusCodes.Status405MethodNotAllowed => "Method not allowed",
        StatusCodes.Status415UnsupportedMediaType => "Unsupported media type",
        _ => "Invalid request",
    };
}
