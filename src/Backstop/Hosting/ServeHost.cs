using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Security;
using Backstop.CommandLine;
using Backstop.Control;
using Backstop.Control.Access;
using Backstop.Control.Hosting;
using Backstop.Control.Relays;
using Backstop.Control.Store;
using Backstop.Dashboard;
using Backstop.Gateway;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging.Console;

namespace Backstop.Hosting;

/// <summary>The process behind <c>backstop serve</c>: control plane, gateway, both beside each other, or a relay between them.</summary>
/// <remarks>
/// Beside each other they share nothing but the process: the gateway dials the fleet listener over loopback as it would
/// across the world, so there is one path to test.
/// </remarks>
internal static class ServeHost
{
    /// <summary>Serves until cancelled; <paramref name="ready"/> is called once it listens, with the one-time admin key while there is no other.</summary>
    /// <exception cref="CommandFailure">It cannot start; the message says which option is why.</exception>
    public static async Task Run(ServeOptions options, Action<string?> ready, CancellationToken cancel)
    {
        if (options.Role is ServeRole.Gateway)
        {
            SocketThreads.RunWhatFollows();
        }

        // Asked first: the listeners open last, and seconds of starting would have to be undone.
        ListenAddress.ExpectFree("--http", options.Http);
        if (options.HoldsStreams)
        {
            ListenAddress.ExpectFree("--fleet", options.Fleet);
        }

        try
        {
            await ExpectStore(options, cancel);
        }
        catch (StoreException e)
        {
            throw CommandFailure.Usage(e.Message);
        }

        await using var app = Build(options);
        try
        {
            await app.StartAsync(cancel);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw CommandFailure.Usage($"{e.Message} Choose other ports with --http and --fleet; port 0 takes a free one.");
        }
        catch (StoreException e)
        {
            throw CommandFailure.Usage(e.Message);
        }
        catch (InvalidDataException e)
        {
            throw CommandFailure.Usage($"--data '{options.DataDirectory}': {e.Message}");
        }

        ready(app.Services.GetService<Doorkeeper>()?.OneTimeKey);

        // Not as a host waits that hears of signals itself: it tells everybody at once that it stops, and a gateway that drains for
        // half a minute would say its last words to a control plane that has left.
        using var told = CancellationTokenSource.CreateLinkedTokenSource(cancel, app.Lifetime.ApplicationStopping);
        await Task.Delay(Timeout.Infinite, told.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await app.StopAsync(CancellationToken.None);
    }

    // Asked first, as the ports are: a database is the part that is most often not there yet, and a start that is half done says more than
    // why it failed.
    private static async Task ExpectStore(ServeOptions options, CancellationToken cancel)
    {
        if (!options.RunsControl)
        {
            return;
        }

        using var store = DurableStore.At(options.Store);
        await store.Open(cancel);
        if (ListenAddress.IsPublic(options.Http) && options.Oidc is null && (await new KeyStore(store, TimeProvider.System).All()).Count == 0)
        {
            throw new CommandFailure(
                $"--http {options.Http} can be reached from other machines, and no key exists, so everybody there could do everything. " +
                "Make the first key, or name whose tokens count with --oidc-issuer.",
                ExitCode.Usage,
                $"backstop key create NAME --scope admin {(options.Store is StoreAddress.Sqlite ? $"--data {options.DataDirectory}" : $"--store {options.Store}")}");
        }
    }

    private static WebApplication Build(ServeOptions options)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        Log(builder.Logging, options);
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = options.Role is ServeRole.Gateway; // As SocketThreads says.
            sockets.WaitForDataBeforeAllocatingBuffer = false; // 4 KiB for each connection instead of two calls into the kernel for each request.
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(options.Http, listener =>
            {
                listener.Protocols = options.Tls is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
                if (options.Tls is { } tls)
                {
                    listener.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(new SslServerAuthenticationOptions { ServerCertificateContext = tls.Context }) });
                }
            });
            if (options.HoldsStreams)
            {
                kestrel.Listen(options.Fleet, listener =>
                {
                    listener.Protocols = HttpProtocols.Http2;
                    if (options.FleetTls is { } mutual)
                    {
                        listener.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(mutual.Receives()) });
                    }
                });
            }
        });

        if (options.RunsControl)
        {
            builder.AddControl(new ControlOptions
            {
                DataDirectory = options.DataDirectory,
                Store = options.Store,
                Oidc = options.Oidc,
                Receivers = options.Receivers,
                Cluster = options.Cluster,
                NodeName = $"{Environment.MachineName}/{options.Fleet}",
                ClusterTls = options.FleetTls is { } known ? known.Apply : null,
            });
            builder.Services.AddDashboard();
        }

        if (options.RunsGateway)
        {
            AddGateway(builder, options);
        }

        if (options.Role is ServeRole.Relay)
        {
            builder.Services.AddRelay([.. options.Control.Select(c => c.Address)], options.FleetTls?.Dials(besideControl: false));
        }

        var app = builder.Build();
        if (options.RunsControl)
        {
            app.MapControl();
            app.MapDashboard();
        }

        if (options.Role is ServeRole.Relay)
        {
            app.MapRelay();
        }

        if (options.RunsGateway)
        {
            app.MapGateway();
        }
        else
        {
            app.MapGet("/healthz", () => "ok");
        }

        return app;
    }

    private static void AddGateway(WebApplicationBuilder builder, ServeOptions options)
    {
        try
        {
            builder.Services.AddGateway(new GatewayOptions
            {
                GatewayId = options.GatewayId,
                Zone = options.Zone,
                Control = options.Control,
                DataDirectory = options.DataDirectory,
                DrainDelay = options.DrainDelay,
                DrainDeadline = options.DrainDeadline,
                ModelFolder = options.ModelFolder,
                OnnxFolder = options.OnnxFolder,
                GuardPolicies = PolicyFolder.Read(Path.Combine(options.DataDirectory, PolicyFolder.Name)),
                RequireKeys = ListenAddress.IsPublic(options.Http),
                ControlTls = options.FleetTls?.Dials(besideControl: options.RunsControl),
            });
        }
        catch (ValidationException e)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    /// <summary>Logs go to standard error, one line each: standard output belongs to the start line.</summary>
    private static void Log(ILoggingBuilder logging, ServeOptions options)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.ColorBehavior = LoggerColorBehavior.Disabled;
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Backstop", LogLevel.Information);
        logging.AddFilter("Backstop.Gateway.Access", options.AccessLog ? LogLevel.Information : LogLevel.None);
        // Nobody reads what it says, and it makes a span for every request in case somebody did.
        logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // They advise another garbage collector, and take the machine's uptime for the time a start took.
        logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        // A failed start is told once, as a sentence by Run; the host would tell it first, as a stack trace.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
    }
}
