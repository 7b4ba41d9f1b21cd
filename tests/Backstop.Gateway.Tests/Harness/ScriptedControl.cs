using System.Collections.Concurrent;
using System.Net;
using Backstop.Protocol;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Release = Backstop.Core.Registry.Release;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>The control plane's end of the fleet stream, without the control plane: it does what a test wants and remembers what it heard.</summary>
internal sealed class ScriptedControl : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Script _script;

    private ScriptedControl(WebApplication app, Script script) => (_app, _script) = (app, script);

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Whether batches are acknowledged.</summary>
    public bool Acknowledges
    {
        get => _script.Acknowledges;
        set => _script.Acknowledges = value;
    }

    /// <summary>Until it ends, a new connection is sent its routes but not told that they are all.</summary>
    public Task Snapshot
    {
        get => _script.Snapshot;
        set => _script.Snapshot = value;
    }

    /// <summary>What to do with a connection before anything else; its number is given, from 1.</summary>
    public Action<int> OnConnect
    {
        get => _script.OnConnect;
        set => _script.OnConnect = value;
    }

    public Hello[] Hellos => [.. _script.Hellos];

    public FromGateway[] Heard => [.. _script.Heard];

    public Ack[] Acks => [.. _script.Heard.Where(m => m.Ack is not null).Select(m => m.Ack)];

    public Nack[] Nacks => [.. _script.Heard.Where(m => m.Nack is not null).Select(m => m.Nack)];

    public Protocol.Drops[] Drops => [.. _script.Heard.Where(m => m.Drops is not null).Select(m => m.Drops)];

    public SignalBatch[] Batches => [.. _script.Heard.Where(m => m.Batch is not null).Select(m => m.Batch)];

    public static async Task<ScriptedControl> Start(int port = 0)
    {
        var script = new Script();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(script);
        var app = builder.Build();
        app.MapGrpcService<Script>();
        await app.StartAsync();
        return new(app, script);
    }

    /// <summary>Sends a route to the gateway that is connected and to those that will be.</summary>
    public void Publish(Route route, params Release[] releases)
    {
        var update = new RouteUpdate { Nonce = (ulong)route.Generation, Route = route.ToMessage() };
        update.Releases.AddRange(releases.Select(r => r.ToMessage()));
        _script.Publish(update);
    }

    /// <summary>Says who may call to the gateway that is connected.</summary>
    public void Tell(AccessUpdate access) => _script.Tell(new() { Access = access });

    /// <summary>Promises the gateway that is connected to say something within this time, and then says nothing by itself.</summary>
    public void Promise(TimeSpan within) => _script.Tell(new() { SignOfLife = new() { NextWithinMs = (uint)within.TotalMilliseconds } });

    /// <summary>Publishes, and waits for the gateway's acknowledgement.</summary>
    public async Task PublishAndAwait(Route route, params Release[] releases)
    {
        Publish(route, releases);
        await Eventually.Is(() => Acks, acks => acks.Any(a => a.Alias == route.Alias && a.Generation == route.Generation));
    }

    /// <summary>Cuts the connection.</summary>
    public void Drop() => _script.Drop();

    public async ValueTask DisposeAsync()
    {
        Drop();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private sealed class Script : Protocol.Fleet.FleetBase
    {
        private readonly Lock _gate = new();
        private readonly List<RouteUpdate> _updates = [];
        private Connection? _current;
        private int _connections;

        public bool Acknowledges { get; set; } = true;

        public Task Snapshot { get; set; } = Task.CompletedTask;

        public Action<int> OnConnect { get; set; } = _ => { };

        public ConcurrentQueue<Hello> Hellos { get; } = new();

        public ConcurrentQueue<FromGateway> Heard { get; } = new();

        public override async Task Connect(
            IAsyncStreamReader<FromGateway> requestStream, IServerStreamWriter<FromControl> responseStream, ServerCallContext context)
        {
            OnConnect(Interlocked.Increment(ref _connections));
            await requestStream.MoveNext();
            Hellos.Enqueue(requestStream.Current.Hello);
            using var connection = new Connection(responseStream, context.CancellationToken);
            foreach (var update in Begin(connection))
            {
                connection.Offer(new() { Route = update });
            }

            try
            {
                await Task.WhenAll(EndSnapshot(connection), Listen(requestStream, connection));
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
            {
                // The test, or the gateway, cut the connection.
            }
            finally
            {
                End(connection);
            }
        }

        public void Publish(RouteUpdate update)
        {
            lock (_gate)
            {
                _updates.Add(update);
                _current?.Offer(new() { Route = update });
            }
        }

        public void Tell(FromControl message)
        {
            lock (_gate)
            {
                _current!.Offer(message);
            }
        }

        public void Drop()
        {
            // Cut outside the lock: what waits for the connection's end runs at once, and may come back here.
            Connection? cut;
            lock (_gate)
            {
                (cut, _current) = (_current, null);
            }

            cut?.Cut();
        }

        private RouteUpdate[] Begin(Connection connection)
        {
            lock (_gate)
            {
                _current = connection;
                return [.. _updates];
            }
        }

        private void End(Connection connection)
        {
            lock (_gate)
            {
                _current = _current == connection ? null : _current;
            }
        }

        private async Task EndSnapshot(Connection connection)
        {
            await Snapshot.WaitAsync(connection.Ended);
            connection.Offer(new() { SnapshotEnd = new() });
        }

        private async Task Listen(IAsyncStreamReader<FromGateway> stream, Connection connection)
        {
            while (await stream.MoveNext(connection.Ended))
            {
                Heard.Enqueue(stream.Current);
                if (stream.Current.Batch is { } batch && Acknowledges)
                {
                    connection.Offer(new() { BatchAck = new() { Sequence = batch.Sequence } });
                }
            }
        }
    }

    /// <summary>Writes one message after the other to one gateway.</summary>
    private sealed class Connection : IDisposable
    {
        private readonly CancellationTokenSource _ended;
        private readonly IServerStreamWriter<FromControl> _stream;
        private readonly Lock _gate = new();
        private Task _last = Task.CompletedTask;

        public Connection(IServerStreamWriter<FromControl> stream, CancellationToken gone)
        {
            _stream = stream;
            _ended = CancellationTokenSource.CreateLinkedTokenSource(gone);
            Ended = _ended.Token;
        }

        public CancellationToken Ended { get; }

        public void Offer(FromControl message)
        {
            lock (_gate)
            {
                _last = Write(_last, message);
            }
        }

        public void Cut()
        {
            try
            {
                _ended.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It ended by itself in the meantime.
            }
        }

        public void Dispose() => _ended.Dispose();

        private async Task Write(Task before, FromControl message)
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _stream.WriteAsync(message, Ended);
        }
    }
}
