using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Gateway.Access;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Upstreams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Requests;

/// <summary>
/// The Open Inference Protocol's addresses: inference goes the path of every request; what a model is and whether it is ready
/// is asked of the release its alias serves now.
/// </summary>
public sealed class InferenceEndpoints(
    GatewayOptions options, LiveKeys keys, LiveRoutes routes, Readiness readiness, Upstream upstream, TimeProvider clock, ILogger<InferenceEndpoints> log)
{
    // Who asks whether something is ready does not wait as long as for an answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly string Version =
        typeof(InferenceEndpoints).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Maps everything under <c>/v2</c>.</summary>
    internal void Map(IEndpointRouteBuilder endpoints, RequestPath path)
    {
        endpoints.MapPost("/v2/models/{alias}/infer", http => path.Handle(http, Dialect.Infer));
        endpoints.MapGet("/v2/models/{alias}", http => Answer(http, Describe));
        endpoints.MapGet("/v2/models/{alias}/ready", http => Answer(http, TellReady));
        endpoints.MapFallback(
            "/v2/models/{alias}/versions/{**rest}",
            (HttpContext http) => Answer(http, (_, alias, _) => http.Refuse(ApiError.NoVersions(alias), ErrorForm.OpenInference)));

        endpoints.MapGet("/v2", () => Results.Json(new { name = "backstop", version = Version, extensions = Array.Empty<string>() }));
        endpoints.MapGet("/v2/health/live", () => Results.Json(new { live = true }));
        endpoints.MapGet("/v2/health/ready", () => Ready(readiness.Hindrance is null));
        endpoints.MapFallback("/v2/{**address}", (HttpContext http) =>
        {
            http.Response.Headers["x-request-id"] = RequestId.Of(http.Request);
            return http.Refuse(ApiError.UnknownAddress(), ErrorForm.OpenInference);
        });
    }

    private static IResult Ready(bool ready) => Results.Json(new { ready }, statusCode: ready ? 200 : 503);

    private async Task Answer(HttpContext http, Func<HttpContext, string, RequestTime, Task> answer)
    {
        var id = RequestId.Of(http.Request);
        http.Response.Headers["x-request-id"] = id;
        using var time = new RequestTime(Patience, clock, http.RequestAborted);
        try
        {
            await answer(http, (string)http.GetRouteValue("alias")!, time);
        }
        catch (Exception) when (time.Left.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
        catch (Exception e)
        {
            GatewayLog.Unexpected(log, e, id);
            await http.Refuse(ApiError.Unexpected(), ErrorForm.OpenInference);
        }
    }

    private async Task Describe(HttpContext http, string alias, RequestTime time)
    {
        if (Find(http, alias, out var pool) is { } error)
        {
            await http.Refuse(error, ErrorForm.OpenInference);
            return;
        }

        var (metadata, failed) = await Metadata(http, pool!, time);
        if (metadata is null)
        {
            await http.Refuse(failed!, ErrorForm.OpenInference);
            return;
        }

        // Callers know the alias; the name and the versions behind it are the release's, and change with it.
        metadata["name"] = alias;
        metadata.Remove("versions");
        http.Response.Headers["x-backstop-release"] = pool!.Release.Name;
        await Results.Text(metadata.ToJsonString(), "application/json").ExecuteAsync(http);
    }

    private async Task TellReady(HttpContext http, string alias, RequestTime time)
    {
        if (Find(http, alias, out var pool) is { } error)
        {
            await http.Refuse(error, ErrorForm.OpenInference);
            return;
        }

        using var answering = await Get(http, pool!, "/ready", time) as UpstreamResult.Answering;
        var ready = answering?.Answer.Head.IsSuccess == true;
        http.Response.Headers["x-backstop-release"] = pool!.Release.Name;
        await Results.Json(new { name = alias, ready }, statusCode: ready ? 200 : 503).ExecuteAsync(http);
    }

    private ApiError? Find(HttpContext http, string alias, out ReleasePool? pool)
    {
        pool = null;
        if (keys.Refuse(http.Request, out var guest) is { } stranger)
        {
            return stranger;
        }

        if (!guest.MayCall(alias))
        {
            return ApiError.AliasForbidden(alias);
        }

        var table = routes.Current;
        if (!table.Routes.Routes.TryGetValue(alias, out var route))
        {
            return ApiError.UnknownAlias(alias);
        }

        pool = table.Pool(route.Current);
        return pool.Speaks(Dialect.Infer) ? null : ApiError.WrongProtocol(alias, pool.Release.Serving.Protocol);
    }

    private async Task<(JsonObject? Metadata, ApiError? Failed)> Metadata(HttpContext http, ReleasePool pool, RequestTime time)
    {
        var result = await Get(http, pool, "", time);
        if (result is not UpstreamResult.Answering answering)
        {
            return (null, result is UpstreamResult.Failed failed ? failed.Error : ((UpstreamResult.Unreachable)result).Error);
        }

        using (answering)
        {
            if (!answering.Answer.Head.IsSuccess)
            {
                return (null, ApiError.UpstreamError($"it answered with status {answering.Answer.Head.Status}."));
            }

            try
            {
                var body = await BoundedBody.Read(answering.Answer.Body, options.MaxAnswerBytes, answering.Answer.Head.Length, time, Patience);
                return body is { } read && JsonNode.Parse(read.Memory.Span) is JsonObject metadata
                    ? (metadata, null)
                    : (null, ApiError.UpstreamError("it did not describe its model."));
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                return (null, ApiError.UpstreamError("it did not describe its model."));
            }
            catch (IOException)
            {
                return (null, ApiError.UpstreamError("its answer broke off."));
            }
            catch (OperationCanceledException) when (!time.Left.IsCancellationRequested)
            {
                return (null, ApiError.UpstreamTimeout());
            }
        }
    }

    private async Task<UpstreamResult> Get(HttpContext http, ReleasePool pool, string operation, RequestTime time) => await upstream.Send(
        pool,
        new Attempts(pool, Random.Shared),
        (pool, replica) => new(HttpMethods.Get, InferDialect.ModelAddress(pool.Release.Serving, replica.Address, operation), pool.Headers, pool.Trust),
        body: null,
        http.Response.Headers["x-request-id"].ToString(),
        http.Request.Headers,
        time) ?? new UpstreamResult.Unreachable(ApiError.UpstreamError("it was dropped here."));
}
