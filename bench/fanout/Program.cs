using System.CommandLine;
using System.Text.Json;
using Backstop.FanoutBench;

var gateways = new Option<int[]>("--gateways") { Description = "How many gateways are connected, one measurement for each.", DefaultValueFactory = _ => [1, 100, 1000], AllowMultipleArgumentsPerToken = true };
var rounds = new Option<int>("--rounds") { Description = "Swaps of each kind in a measurement, in turn.", DefaultValueFactory = _ => 30 };
var relays = new Option<int>("--relays") { Description = "How many relays as many gateways again are connected through; 0 for none.", DefaultValueFactory = _ => 2 };
var batches = new Option<int>("--batches") { Description = "Seconds for which every gateway sends a batch a second; 0 for none.", DefaultValueFactory = _ => 10 };
var json = new Option<bool>("--json") { Description = "Write the results as JSON to standard output." };
var output = new Option<string>("--output") { Description = "File for the results.", DefaultValueFactory = _ => "artifacts/bench/fanout/results.json" };
var fanout = new RootCommand("Measures how long a swap takes to every gateway and back, beside a bare gRPC broadcast of the same bytes, and what connected gateways cost.") { gateways, rounds, relays, batches, json, output };
fanout.SetAction(async (line, cancel) =>
{
    var results = new List<Measurement>();
    foreach (var count in line.GetRequiredValue(gateways))
    {
        results.Add(await Comparison.Run(new(count, line.GetValue(rounds), line.GetValue(relays), line.GetValue(batches)), cancel));
        if (!line.GetValue(json))
        {
            Console.WriteLine(results[^1]);
        }
    }

    var file = new FileInfo(line.GetRequiredValue(output));
    file.Directory!.Create();
    var text = JsonSerializer.Serialize(results, JsonSerializerOptions.Web);
    await File.WriteAllTextAsync(file.FullName, text, cancel);
    if (line.GetValue(json))
    {
        Console.WriteLine(text);
    }
});

var clients = new Command("clients", "The gateways' ends of the streams; the comparison starts it.");
clients.SetAction((_, cancel) => new Clients(cancel).Run());
var control = new Argument<int>("control");
var relay = new Command("relay", "A relay to a control plane at a port of this machine; the comparison starts it.") { control };
relay.SetAction((line, cancel) => Relays.Run(line.GetValue(control), cancel));
fanout.Subcommands.Add(clients);
fanout.Subcommands.Add(relay);
return await fanout.Parse(args).InvokeAsync();
