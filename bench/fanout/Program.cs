using System.CommandLine;
using Backstop.FanoutBench;

var gateways = new Option<int[]>("--gateways") { Description = "How many gateways are connected, one measurement for each.", DefaultValueFactory = _ => [1, 100, 1000], AllowMultipleArgumentsPerToken = true };
var rounds = new Option<int>("--rounds") { Description = "Swaps of each kind in a measurement, in turn.", DefaultValueFactory = _ => 30 };
var output = new Option<string>("--output") { Description = "File for the results.", DefaultValueFactory = _ => "artifacts/bench/fanout/results.json" };
var fanout = new RootCommand("Measures how long a swap takes to every gateway and back, beside a bare gRPC broadcast of the same bytes.") { gateways, rounds, output };
fanout.SetAction(async (line, cancel) =>
{
    var results = new List<Measurement>();
    foreach (var count in line.GetRequiredValue(gateways))
    {
        results.Add(await Comparison.Run(count, line.GetValue(rounds), cancel));
        Console.WriteLine(results[^1]);
    }

    var file = new FileInfo(line.GetRequiredValue(output));
    file.Directory!.Create();
    await File.WriteAllTextAsync(file.FullName, System.Text.Json.JsonSerializer.Serialize(results), cancel);
});

var (ports, count) = (new Argument<int[]>("ports") { Arity = new(2, 2) }, new Option<int>("--count"));
var clients = new Command("clients", "Connects gateways to two servers and acknowledges what they push; the comparison starts it.") { ports, count };
clients.SetAction((line, cancel) => Clients.Run(line.GetRequiredValue(ports), line.GetValue(count), cancel));
fanout.Subcommands.Add(clients);
return await fanout.Parse(args).InvokeAsync();
