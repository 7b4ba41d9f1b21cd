using System.Text.Json.Nodes;
using Backstop.Gateway.Access;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.RingService;

/// <summary>The ring for those who have another gateway: the same policies, asked over HTTP.</summary>
/// <remarks>It keeps nothing between two questions, so any number of replicas may answer them.</remarks>
public sealed class RingEndpoints(GatewayOptions options, LiveKeys keys, RingDirectory rings, OutsideGuards guards, ILogger<RingEndpoints> log)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/v1/guard", http => Handle(http, GuardEndpoint.Answer));
        endpoints.MapPost("/v1/moderations", http => Handle(http, (body, _, _, _) => new(ModerationsEndpoint.Answer(body))));
        endpoints.MapPost("/v1/guard/portkey", http => Handle(http, PortkeyEndpoint.Answer));
        endpoints.MapPost("/beta/litellm_basic_guardrail_api", http => Handle(http, LiteLlmEndpoint.Answer));
        endpoints.MapGet("/v1/guard/policies", async (HttpContext http) =>
        {
            if (keys.Refuse(http.Request, out _) is { } stranger)
            {
                await http.Refuse(stranger);
                return Results.Empty;
            }

            return Results.Json(new { policies = rings.Names });
        });
    }

    private async Task Handle(HttpContext http, Func<JsonObject, RingDirectory, OutsideGuards, CancellationToken, ValueTask<JsonObject>> answer)
    {
        var id = RequestId.Of(http.Request);
        http.Response.Headers["x-request-id"] = id;
        if (keys.Refuse(http.Request, out _) is { } stranger)
        {
            await http.Refuse(stranger);
            return;
        }

        try
        {
            var body = await Read(http);
            var result = await answer(RingRequest.Parse(body.Span), rings, guards, http.RequestAborted);
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync(result.ToJsonString(), http.RequestAborted);
        }
        catch (RingRequestException e)
        {
            await http.Refuse(ApiError.InvalidRequest(e.Message, e.Param ?? "body"));
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await http.Refuse(ApiError.BodyTooLarge(options.MaxBodyBytes));
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException)
        {
            // A member twice in one object, or half of a surrogate pair: found when it is read.
            await http.Refuse(ApiError.InvalidRequest("The body has a member twice, or a text that is not valid Unicode.", "body"));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
        catch (Exception e) when (ApiErrors.Of(e) is { } error)
        {
            await http.Refuse(error);
        }
        catch (Exception e)
        {
            GatewayLog.Unexpected(log, e, id);
            await http.Refuse(ApiError.Unexpected());
        }
    }

    private async Task<ReadOnlyMemory<byte>> Read(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = options.MaxBodyBytes;
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
