using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Backstop.Gateway.Observability;
using Backstop.Gateway.Routing;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Sends a request to one replica of a release, and to another one when the first is not there.</summary>
public sealed class Upstream(GatewayOptions options, Telemetry telemetry) : IDisposable
{
    // The time to connect belongs to a handler, so each that a release names has one.
    private readonly ConcurrentDictionary<TimeSpan, HttpMessageInvoker> _http = new();

    /// <summary>Sends, and returns when the answer's headers are there.</summary>
    /// <remarks>
    /// Another replica is asked when one cannot be reached, breaks the connection before it answers, or says that it is not
    /// there (502, 503, 504). What says that it failed (500), or takes too long, would fail or take long again.
    /// </remarks>
    /// <param name="attempts">The replicas that may be asked.</param>
    /// <param name="address">Where at a replica.</param>
    /// <param name="body">What is posted; null to get.</param>
    /// <returns>What became of it; null when the attempts were over before.</returns>
    public async Task<UpstreamResult?> Send(
        ReleasePool pool, Attempts attempts, Func<Replica, Uri> address, HttpContent? body, string requestId, IHeaderDictionary caller, RequestTime time, Trip? trip = null)
    {
        UpstreamResult? last = null;
        while (attempts.Next() is { } replica)
        {
            if (last is not null)
            {
                telemetry.Retried(pool);
            }

            var patience = time.Within(time.FirstToken);
            using var span = Telemetry.Ask(trip, pool, replica);
            replica.Enter();
            try
            {
                var response = await Http(pool).SendAsync(Message(pool, address(replica), body, requestId, caller, span), patience);
                if (response.StatusCode is not (HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout))
                {
                    return new UpstreamResult.Answering(response, replica);
                }

                last = new UpstreamResult.Failed(ApiError.UpstreamError($"it answered with status {(int)response.StatusCode}."));
                response.Dispose();
                replica.Leave();
                replica.Failed();
            }
            catch (HttpRequestException e)
            {
                replica.Leave();
                replica.Failed();
                last = e.HttpRequestError switch
                {
                    HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError =>
                        new UpstreamResult.Unreachable(ApiError.UpstreamError("it cannot be reached.")),
                    _ => new UpstreamResult.Failed(ApiError.UpstreamError("it broke the connection.")),
                };
            }
            catch (OperationCanceledException) when (!patience.IsCancellationRequested)
            {
                // Nobody's patience ended, so it was the time to connect: nothing was sent, and another replica may be asked.
                replica.Leave();
                replica.Failed();
                last = new UpstreamResult.Unreachable(ApiError.UpstreamError("it cannot be reached."));
            }
            catch (OperationCanceledException) when (!time.Left.IsCancellationRequested)
            {
                replica.Leave();
                replica.Failed();
                return new UpstreamResult.Failed(ApiError.UpstreamTimeout());
            }
            catch
            {
                replica.Leave();
                throw;
            }
        }

        return last;
    }

    public void Dispose()
    {
        foreach (var http in _http.Values)
        {
            http.Dispose();
        }
    }

    private HttpMessageInvoker Http(ReleasePool pool) =>
        _http.GetOrAdd(pool.Release.Serving.Timeouts.Connect ?? options.ConnectTimeout, static connect => new(new SocketsHttpHandler
        {
            ConnectTimeout = connect,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        }));

    private static HttpRequestMessage Message(ReleasePool pool, Uri address, HttpContent? body, string requestId, IHeaderDictionary caller, Activity? span)
    {
        var message = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, address) { Content = body };
        message.Headers.TryAddWithoutValidation("x-request-id", requestId);
        var (parent, state) = span is null ? (caller.TraceParent.ToString(), caller.TraceState.ToString()) : (span.Id!, span.TraceStateString ?? "");
        if (parent.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("traceparent", parent);
        }

        if (state.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("tracestate", state);
        }

        foreach (var (name, value) in pool.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }
}

/// <summary>What became of a request to a release.</summary>
public abstract record UpstreamResult
{
    private UpstreamResult()
    {
    }

    /// <summary>The headers are there; whoever reads the rest disposes it.</summary>
    public sealed record Answering(HttpResponseMessage Response, Replica Replica) : UpstreamResult, IDisposable
    {
        public void Dispose()
        {
            Response.Dispose();
            Replica.Leave();
        }
    }

    /// <summary>No replica could be reached: the release is not there.</summary>
    public sealed record Unreachable(ApiError Error) : UpstreamResult;

    /// <summary>A replica was asked and failed.</summary>
    public sealed record Failed(ApiError Error) : UpstreamResult;
}
