using System.Collections.Frozen;
using Backstop.Gateway.Dialects;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>The addresses at which models are asked with the alias in the body.</summary>
/// <remarks>
/// Nearly every request comes to one of them, written as it stands here: those go to the request path at once. What is written otherwise
/// (in capitals, with a slash at the end) finds the same way through routing, which costs as much as reading the request.
/// </remarks>
internal sealed class FrontDoor(RequestPath path) : IStartupFilter
{
    private static readonly FrozenDictionary<string, Dialect> Addresses = new Dictionary<string, Dialect>(StringComparer.Ordinal)
    {
        ["/v1/chat/completions"] = Dialect.Chat,
        ["/v1/completions"] = Dialect.Completions,
        ["/v1/embeddings"] = Dialect.Embeddings,
        ["/v1/responses"] = Dialect.Responses,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static void Map(IEndpointRouteBuilder endpoints, RequestPath path)
    {
        foreach (var (address, dialect) in Addresses)
        {
            endpoints.MapPost(address, http => path.Handle(http, dialect));
        }
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(rest => http =>
            HttpMethods.IsPost(http.Request.Method) && Addresses.TryGetValue(http.Request.Path.Value ?? "", out var dialect)
                ? path.Handle(http, dialect)
                : rest(http));
        next(app);
    };
}
