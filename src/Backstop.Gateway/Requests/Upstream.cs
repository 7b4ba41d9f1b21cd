using System.Net;
using System.Net.Http.Headers;
using Backstop.Gateway.Routing;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Sends a request to one replica of a release, and to the next one when the first cannot be reached.</summary>
public sealed class Upstream(GatewayOptions options) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        ConnectTimeout = options.ConnectTimeout,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
    });

    /// <summary>Sends, and returns when the answer's headers are there.</summary>
    /// <remarks>Only a replica that could not be reached is passed over: after the first byte went out, asking again could act twice.</remarks>
    /// <param name="address">Where at a replica.</param>
    /// <param name="body">What is posted; null to get.</param>
    public async Task<UpstreamResult> Send(
        ReleasePool pool, Func<Replica, Uri> address, byte[]? body, string requestId, IHeaderDictionary caller, RequestTime time)
    {
        var last = ApiError.UpstreamError("it has no replicas.");
        foreach (var replica in pool.InOrder(Random.Shared))
        {
            using var patience = time.Wait(options.FirstByteTimeout);
            replica.Enter();
            try
            {
                var response = await _http.SendAsync(Message(pool, address(replica), body, requestId, caller), patience.Token);
                return new UpstreamResult.Answering(response, replica);
            }
            catch (HttpRequestException e)
            {
                replica.Leave();
                replica.Failed();
                last = ApiError.UpstreamError(e.HttpRequestError == HttpRequestError.ConnectionError
                    ? "it cannot be reached." : "it broke the connection.");
                if (e.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError))
                {
                    return new UpstreamResult.Failed(last);
                }
            }
            catch (OperationCanceledException) when (!patience.IsCancellationRequested)
            {
                // Nobody's patience ended, so it was the time to connect: nothing was sent, and another replica may be asked.
                replica.Leave();
                replica.Failed();
                last = ApiError.UpstreamError("it cannot be reached.");
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

        return new UpstreamResult.Unreachable(last);
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage Message(ReleasePool pool, Uri address, byte[]? body, string requestId, IHeaderDictionary caller)
    {
        var message = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, address);
        if (body is not null)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        message.Headers.TryAddWithoutValidation("x-request-id", requestId);
        foreach (var name in (ReadOnlySpan<string>)["traceparent", "tracestate"])
        {
            if (caller.TryGetValue(name, out var value))
            {
                message.Headers.TryAddWithoutValidation(name, (string?)value);
            }
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
