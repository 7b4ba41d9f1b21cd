using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Backstop.CommandLine;
using Backstop.Control;
using Backstop.Control.Hosting;
using Backstop.Control.Store;
using Backstop.Dashboard;
using Backstop.Gateway;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;

namespace Backstop.Hosting;

/// <summary>The process behind <c>backstop serve</c>: control plane, gateway, or both beside each other.</summary>
/// <remarks>
/// Beside each other they share nothing but the process: the gateway dials the fleet listener over loopback as it would
/// across the world, so there is one path to test.
/// </remarks>
internal static class ServeHost
{
    /// <summary>Serves until cancelled; <paramref name="ready"/> is called once it listens.</summary>
    /// <exception cref="CommandFailure">It cannot start; the message says which option is why.</exception>
    public static async Task Run(ServeOptions options, Action ready, CancellationToken cancel)
    {
        ExpectFree("--http", options.Http);
        if (options.RunsControl)
        {
            ExpectFree("--fleet", options.Fleet);
        }

        try
        {
            if (options is { RunsControl: true, Store: StoreAddress.Postgres postgres })
            {
                // Asked first, as the ports are: it is the part that is most often not there yet.
                using var store = DurableStore.At(postgres);
                await store.Open(cancel);
            }
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

        ready();
        await app.WaitForShutdownAsync(cancel);
    }

    // Asked first: the listeners open last, and seconds of starting would have to be undone.
    private static void ExpectFree(string option, IPEndPoint address)
    {
        using var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(address);
            listener.Listen();
        }
        catch (SocketException e)
        {
            throw CommandFailure.Usage($"{option} {address}: {e.Message}. Choose another port; port 0 takes a free one.");
        }
    }

    private static WebApplication Build(ServeOptions options)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        Log(builder.Logging, options);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(options.Http, listener => listener.Protocols = HttpProtocols.Http1);
            if (options.RunsControl)
            {
                kestrel.Listen(options.Fleet, listener => listener.Protocols = HttpProtocols.Http2);
            }
        });

        if (options.RunsControl)
        {
            builder.AddControl(new ControlOptions { DataDirectory = options.DataDirectory, Store = options.Store });
            builder.Services.AddDashboard();
        }

        if (options.RunsGateway)
        {
            AddGateway(builder, options);
        }

        var app = builder.Build();
        if (options.RunsControl)
        {
            app.MapControl();
            app.MapDashboard();
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
                Control = options.Control,
                DataDirectory = options.DataDirectory,
                DrainDelay = options.DrainDelay,
                DrainDeadline = options.DrainDeadline,
                GuardPolicies = PolicyFolder.Read(Path.Combine(options.DataDirectory, PolicyFolder.Name)),
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
        // A failed start is told once, as a sentence by Run; the host would tell it first, as a stack trace.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
    }
}
