using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Control.Access;
using Backstop.Control.Store;
using Backstop.Hosting;

namespace Backstop.Commands;

/// <summary><c>backstop serve</c>: the control plane and the gateway.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var http = new Option<string>("--http") { Description = "Where applications and operators call.", DefaultValueFactory = _ => "127.0.0.1:8080" };
        var fleet = new Option<string>("--fleet") { Description = "Where gateways connect to the control plane.", DefaultValueFactory = _ => "127.0.0.1:8081" };
        var data = new Option<string>("--data") { Description = "Directory of the store and of the gateway's last routes.", DefaultValueFactory = _ => "./backstop-data" };
        var role = new Option<string>("--role") { Description = "all, control, gateway or relay.", DefaultValueFactory = _ => "all" };
        var control = new Option<string?>("--control") { Description = "With --role gateway or relay: the fleet addresses of the control planes, or of relays, with commas between; each may be ZONE=ADDRESS." };
        var zone = new Option<string?>("--zone") { Description = "Where this gateway is. It prefers control planes and relays of the same zone." };
        var cluster = new Option<string?>("--cluster")
        {
            Description = "Where other control planes on the same PostgreSQL reach this one. Without it, only those on this machine do.",
        };
        var store = new Option<string?>("--store")
        {
            Description = $"PostgreSQL as postgres://USER:PASSWORD@HOST:5432/DATABASE. Otherwise {ServeOptions.StoreVariable}, else SQLite in --data.",
        };
        var notify = new Option<string?>("--notify") { Description = "File that says who is told of incidents; see docs/notifications.md." };
        var gatewayId = new Option<string?>("--gateway-id") { Description = "The gateway's name, kept over restarts. gateway-1 by default." };
        var drainDelay = new Option<double>("--drain-delay")
        {
            Description = "Seconds for which a gateway that was told to stop is not ready and still answers.", DefaultValueFactory = _ => 2,
        };
        var drainDeadline = new Option<double>("--drain-deadline")
        {
            Description = "Seconds after that for the requests under way.", DefaultValueFactory = _ => 30,
        };
        drainDelay.Between(0, TimeSpan.FromMinutes(5).TotalSeconds);
        drainDeadline.Between(0, TimeSpan.FromDays(1).TotalSeconds);
        var models = new Option<string?>("--models") { Description = "Folder of the classifiers (ONNX) that guard policies name. DATA/models by default; see docs/checks/onnx.md." };
        var onnx = new Option<string?>("--onnx") { Description = "Folder of what runs them, from 'dotnet publish src/Backstop.Onnx'. The folder onnx beside the program by default." };
        var accessLog = new Option<bool>("--access-log") { Description = "Write a line for every request, without what was asked and answered." };
        var verb = new Verb("serve", "Run the control plane and the gateway.")
        {
            TimeToEnd = TimeSpan.FromDays(2), // The host bounds it, by the drain options.
            Examples =
            [
                "backstop serve",
                "backstop serve --http 127.0.0.1:9000 --fleet 127.0.0.1:9001 --data /var/lib/backstop",
                "backstop serve --store postgres://backstop@127.0.0.1:5432/backstop",
                "backstop serve --http 0.0.0.0:8443 --tls-certificate server.pem --tls-key server.key --data /var/lib/backstop",
                "backstop serve --role control --store postgres://backstop@db.internal:5432/backstop --http 10.0.0.5:8080 --fleet 10.0.0.5:8081 --cluster 10.0.0.5:8091 --fleet-certificate c.pem --fleet-key c.key --fleet-ca fleet-ca.pem",
                "backstop serve --role gateway --control http://127.0.0.1:8081 --http 127.0.0.1:8082 --data ./gateway-2 --gateway-id gateway-2",
                "backstop serve --role relay --control http://127.0.0.1:8081 --fleet 127.0.0.1:8181 --http 127.0.0.1:8180",
            ],
        };
        var tlsCertificate = new Option<string?>("--tls-certificate") { Description = "Certificate that callers see, PEM; it is read again when it changes." };
        var tlsKey = new Option<string?>("--tls-key") { Description = "Private key of --tls-certificate, PEM." };
        var fleetCertificate = new Option<string?>("--fleet-certificate") { Description = "Certificate that gateways and control show each other, PEM." };
        var fleetKey = new Option<string?>("--fleet-key") { Description = "Private key of --fleet-certificate, PEM." };
        var fleetAuthority = new Option<string?>("--fleet-ca") { Description = "The authority that signed the certificates of all gateways and control planes, and nothing else, PEM." };
        var oidcIssuer = new Option<string?>("--oidc-issuer") { Description = "OpenID Connect issuer whose tokens open the control plane, besides keys." };
        var oidcAudience = new Option<string?>("--oidc-audience") { Description = "What a token must be made for." };
        var oidcClaim = new Option<string>("--oidc-claim") { Description = "Claim that holds the roles, such as realm_access.roles.", DefaultValueFactory = _ => OidcOptions.UsualClaim };
        var oidcRoles = new Option<string[]>("--oidc-role")
        {
            Description = "What a role allows, as NAME=SCOPE,SCOPE or NAME=SCOPE@ALIASES; may be given many times.",
            DefaultValueFactory = _ => [],
        };
        foreach (var option in (Option[])
        [
            http, fleet, data, role, control, zone, cluster, gatewayId, store, notify, drainDelay, drainDeadline, models, onnx, accessLog, tlsCertificate, tlsKey, fleetCertificate, fleetKey, fleetAuthority,
            oidcIssuer, oidcAudience, oidcClaim, oidcRoles,
        ])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            var options = ServeOptions.From(new(line.GetRequiredValue(http), line.GetRequiredValue(fleet), line.GetRequiredValue(data), line.GetRequiredValue(role))
            {
                Control = line.GetValue(control),
                Cluster = line.GetValue(cluster),
                Zone = line.GetValue(zone),
                GatewayId = line.GetValue(gatewayId),
                Store = line.GetValue(store),
                Notify = line.GetValue(notify),
                TlsCertificate = line.GetValue(tlsCertificate),
                TlsKey = line.GetValue(tlsKey),
                FleetCertificate = line.GetValue(fleetCertificate),
                FleetKey = line.GetValue(fleetKey),
                FleetAuthority = line.GetValue(fleetAuthority),
                OidcIssuer = line.GetValue(oidcIssuer),
                OidcAudience = line.GetValue(oidcAudience),
                OidcClaim = line.GetRequiredValue(oidcClaim),
                OidcRoles = line.GetRequiredValue(oidcRoles),
            }) with
            {
                ModelFolder = line.GetValue(models),
                OnnxFolder = line.GetValue(onnx),
                AccessLog = line.GetValue(accessLog),
                DrainDelay = TimeSpan.FromSeconds(line.GetValue(drainDelay)),
                DrainDeadline = TimeSpan.FromSeconds(line.GetValue(drainDeadline)),
            };
            var output = line.InvocationConfiguration.Output;
            await ServeHost.Run(options, oneTimeKey => Announce(output, options, oneTimeKey), cancel);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void Announce(TextWriter output, ServeOptions options, string? oneTimeKey)
    {
        output.WriteLine(StartLine(options));
        if (oneTimeKey is not null)
        {
            output.WriteLine(
                "No key exists yet, so whoever is on this machine may do everything but make keys. To make the first, after which every call needs one:");
            output.WriteLine($"BACKSTOP_KEY={oneTimeKey} backstop key create NAME --scope admin --server {options.Address}");
        }
    }

    private static string StartLine(ServeOptions options) => options.Role switch
    {
        ServeRole.Gateway =>
            $"Backstop gateway {options.GatewayId} serves {options.Address}/v1 and follows {string.Join(", ", options.Control.Select(c => c.ToString()))}; data in {options.DataDirectory}",
        ServeRole.Relay => $"Backstop relay on {options.Fleet} carries fleet streams to {string.Join(", ", options.Control.Select(c => c.ToString()))}",
        ServeRole.Control =>
            $"Backstop control plane on {options.Address}/api/v1, fleet stream on {options.Fleet}; {Data(options)}",
        _ => $"Backstop serves {options.Address}/v1, control plane on {options.Address}/api/v1, " +
            $"fleet stream on {options.Fleet}; {Data(options)}",
    };

    private static string Data(ServeOptions options) =>
        $"data in {options.DataDirectory}" + (options.Store is StoreAddress.Postgres ? $", store {options.Store}" : "");
}
