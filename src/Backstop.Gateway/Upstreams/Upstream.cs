using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Backstop.Gateway.Observability;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Upstreams;

/// <summary>Sends a request to one replica of a release, and to another one when the first is not there.</summary>
public sealed class Upstream : IDisposable
{
    private readonly ConcurrentDictionary<Origin, ConnectionPool> _pools = new();
    private readonly GatewayOptions _options;
    private readonly Telemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly ILogger<Upstream> _log;
    private readonly ITimer _sweeping;

    public Upstream(GatewayOptions options, Telemetry telemetry, TimeProvider time, ILogger<Upstream> log)
    {
        (_options, _telemetry, _time, _log) = (options, telemetry, time, log);
        _sweeping = time.CreateTimer(_ => Sweep(), null, ConnectionPool.LongestWait / 2, ConnectionPool.LongestWait / 2);
    }

    /// <summary>Sends, and returns when the answer's headers are there.</summary>
    /// <remarks>
    /// Another replica is asked when one cannot be reached, breaks the connection before it answers, or says that it is not
    /// there (502, 503, 504). What says that it failed (500), or takes too long, would fail or take long again.
    /// </remarks>
    /// <param name="attempts">The replicas that may be asked.</param>
    /// <param name="destination">Where at a replica.</param>
    /// <param name="body">What is posted; null to get.</param>
    /// <param name="lost">Another replica's answer began first, and this one is not waited for.</param>
    /// <returns>What became of it; null when the attempts were over before.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamResult?> Send(
        ReleasePool pool, Attempts attempts, Func<ReleasePool, Replica, Destination> destination, UpstreamBody? body, string requestId, IHeaderDictionary caller, RequestTime time, Trip? trip = null,
        CancellationToken lost = default)
    {
        UpstreamResult? last = null;
        while (attempts.Next() is { } replica)
        {
            if (attempts.Repeats)
            {
                _telemetry.Retried(pool);
            }

            using var either = lost.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(time.Within(time.FirstToken), lost) : null;
            var patience = either?.Token ?? time.Within(time.FirstToken);
            using var span = Telemetry.Ask(trip, pool, replica);
            var to = destination(pool, replica);
            if (!replica.TryEnter())
            {
                continue; // Somebody else came first.
            }

            try
            {
                if (await Connection(to, pool, replica, requestId, patience) is not { } connection)
                {
                    replica.Leave();
                    replica.Failed();
                    attempts.NotReached();
                    last = new UpstreamResult.Unreachable(ApiError.UpstreamError("it cannot be reached."));
                    continue;
                }

                var answer = await connection.Ask(Question(to, body, requestId, caller, span), patience);
                if (answer.Head.Status is not (502 or 503 or 504))
                {
                    return new UpstreamResult.Answering(answer, replica);
                }

                GatewayLog.ReplicaFailed(_log, replica.Address, pool.Release.Name, requestId, $"status {answer.Head.Status}");
                last = new UpstreamResult.Failed(ApiError.UpstreamError($"it answered with status {answer.Head.Status}."));
                answer.Dispose();
                replica.Leave();
                replica.Failed();
            }
            catch (IOException e)
            {
                GatewayLog.ReplicaFailed(_log, replica.Address, pool.Release.Name, requestId, e.Message);
                replica.Leave();
                replica.Failed();
                last = new UpstreamResult.Failed(ApiError.UpstreamError("it broke the connection."));
            }
            catch (OperationCanceledException) when (lost.IsCancellationRequested)
            {
                replica.Leave();
                replica.Failed(); // It had more time than the other.
                return null;
            }
            catch (OperationCanceledException) when (!time.Left.IsCancellationRequested)
            {
                GatewayLog.ReplicaFailed(_log, replica.Address, pool.Release.Name, requestId, "no answer in time");
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
        _sweeping.Dispose();
        foreach (var pool in _pools.Values)
        {
            pool.Clear();
        }
    }

    private static UpstreamQuestion Question(Destination to, UpstreamBody? body, string requestId, IHeaderDictionary caller, Activity? span) => span is null
        ? new(to, body, requestId, caller.TraceParent.ToString(), caller.TraceState.ToString())
        : new(to, body, requestId, span.Id!, span.TraceStateString ?? "");

    // Null when it cannot be reached.
    private ValueTask<UpstreamConnection?> Connection(Destination to, ReleasePool pool, Replica replica, string requestId, CancellationToken patience)
    {
        var connections = to.Connections ??= _pools.GetOrAdd(to.Origin, static (origin, time) => new(origin, time), _time);
        return connections.Take(patience) is { } waiting ? ValueTask.FromResult<UpstreamConnection?>(waiting) : Connect(connections, pool, replica, requestId, patience);
    }

    private async ValueTask<UpstreamConnection?> Connect(ConnectionPool connections, ReleasePool pool, Replica replica, string requestId, CancellationToken patience)
    {
        try
        {
            return await connections.Connect(pool.Release.Serving.Timeouts.Connect ?? _options.ConnectTimeout, patience);
        }
        catch (Exception e) when (e is SocketException or AuthenticationException or IOException
            || (e is OperationCanceledException && !patience.IsCancellationRequested))
        {
            // When nobody's patience ended, it was the time to connect: nothing was sent, and another replica may be asked.
            GatewayLog.ReplicaFailed(_log, replica.Address, pool.Release.Name, requestId, e is OperationCanceledException ? "no connection in time" : e.Message);
            return null;
        }
    }

    private void Sweep()
    {
        foreach (var pool in _pools.Values)
        {
            pool.Sweep();
        }
    }
}

/// <summary>What became of a request to a release.</summary>
public abstract record UpstreamResult
{
    private UpstreamResult()
    {
    }

    /// <summary>The headers are there; whoever reads the rest disposes it.</summary>
    public sealed record Answering(UpstreamAnswer Answer, Replica Replica) : UpstreamResult, IDisposable
    {
        public void Dispose()
        {
            Answer.Dispose();
            Replica.Leave();
        }
    }

    /// <summary>No replica could be reached: the release is not there.</summary>
    public sealed record Unreachable(ApiError Error) : UpstreamResult;

    /// <summary>A replica was asked and failed.</summary>
    public sealed record Failed(ApiError Error) : UpstreamResult;
}
