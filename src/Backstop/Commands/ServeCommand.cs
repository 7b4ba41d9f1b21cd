using System.CommandLine;
using Backstop.CommandLine;
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
        var role = new Option<string>("--role") { Description = "all, control or gateway.", DefaultValueFactory = _ => "all" };
        var control = new Option<string?>("--control") { Description = "With --role gateway: the fleet address of the control plane." };
        var store = new Option<string?>("--store")
        {
            Description = $"PostgreSQL as postgres://USER:PASSWORD@HOST:5432/DATABASE. Otherwise {ServeOptions.StoreVariable}, else SQLite in --data.",
        };
        var gatewayId = new Option<string?>("--gateway-id") { Description = "The gateway's name, kept over restarts. gateway-1 by default." };
        var drainDelay = new Option<double>("--drain-delay")
        {
            Description = "Seconds for which a gateway that was told to stop is not ready and still answers.", DefaultValueFactory = _ => 2,
        };
        var drainDeadline = new Option<double>("--drain-deadline")
        {
            Description = "Seconds after that for the requests under way.", DefaultValueFactory = _ => 30,
        };
        var accessLog = new Option<bool>("--access-log") { Description = "Write a line for every request, without what was asked and answered." };
        var verb = new Verb("serve", "Run the control plane and the gateway on this machine.")
        {
            TimeToEnd = TimeSpan.FromDays(2), // The host bounds it, by the drain options.
            Examples =
            [
                "backstop serve",
                "backstop serve --http 127.0.0.1:9000 --fleet 127.0.0.1:9001 --data /var/lib/backstop",
                "backstop serve --store postgres://backstop@127.0.0.1:5432/backstop",
                "backstop serve --role gateway --control http://127.0.0.1:8081 --http 127.0.0.1:8082 --data ./gateway-2 --gateway-id gateway-2",
            ],
        };
        foreach (var option in (Option[])[http, fleet, data, role, control, gatewayId, store, drainDelay, drainDeadline, accessLog])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            var options = ServeOptions.From(
                line.GetRequiredValue(http),
                line.GetRequiredValue(fleet),
                line.GetRequiredValue(data),
                line.GetRequiredValue(role),
                line.GetValue(control),
                line.GetValue(gatewayId),
                line.GetValue(store)) with
            {
                AccessLog = line.GetValue(accessLog),
                DrainDelay = TimeSpan.FromSeconds(line.GetValue(drainDelay)),
                DrainDeadline = TimeSpan.FromSeconds(line.GetValue(drainDeadline)),
            };
            await ServeHost.Run(options, () => line.InvocationConfiguration.Output.WriteLine(StartLine(options)), cancel);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static string StartLine(ServeOptions options) => options.Role switch
    {
        ServeRole.Gateway =>
            $"Backstop gateway {options.GatewayId} serves http://{options.Http}/v1 and follows {options.Control}; data in {options.DataDirectory}",
        ServeRole.Control =>
            $"Backstop control plane on http://{options.Http}/api/v1, fleet stream on http://{options.Fleet}; {Data(options)}",
        _ => $"Backstop serves http://{options.Http}/v1, control plane on http://{options.Http}/api/v1, " +
            $"fleet stream on http://{options.Fleet}; {Data(options)}",
    };

    private static string Data(ServeOptions options) =>
        $"data in {options.DataDirectory}" + (options.Store is StoreAddress.Postgres ? $", store {options.Store}" : "");
}
