using System.CommandLine;
using Backstop.GatewayBench;
using Backstop.GatewayBench.Servers;

var repetitions = new Option<int>("--repetitions") { Description = "How often each is measured, in turn.", DefaultValueFactory = _ => 5 };
var seconds = new Option<double>("--seconds") { Description = "Length of one measurement.", DefaultValueFactory = _ => 3 };
var warm = new Option<double>("--warm") { Description = "Seconds of load before the first: code must have been compiled for good.", DefaultValueFactory = _ => 20 };
var connections = new Option<int>("--connections") { Description = "Connections at saturation.", DefaultValueFactory = _ => 32 };
var rates = new Option<double[]>("--rate") { Description = "Fixed rates for latencies, in requests a second; half of YARP's most is added.", DefaultValueFactory = _ => [200, 1000] };
var streams = new Option<double>("--streams") { Description = "Streams a second.", DefaultValueFactory = _ => 100 };
var gap = new Option<double>("--gap") { Description = "Milliseconds between two events of a stream.", DefaultValueFactory = _ => 5 };
var only = new Option<string[]>("--only") { Description = "Only what is called so in the tables; may be given several times.", DefaultValueFactory = _ => [] };
var core = new Option<int>("--core") { Description = "The core of the proxy under test.", DefaultValueFactory = _ => 0 };
var work = new Option<string>("--work") { Description = "Folder for results, configuration and logs.", DefaultValueFactory = _ => "artifacts/bench/gateway" };
var backstop = new Option<string>("--backstop") { Description = "Our executable.", Required = true };
var nginx = new Option<string?>("--nginx") { Description = "nginx." };
var portkey = new Option<string?>("--portkey") { Description = "The start script of Portkey's gateway." };

var compare = new RootCommand("Measures the gateway beside other proxies on this machine.")
{
    repetitions, seconds, warm, connections, rates, streams, gap, only, core, work, backstop, nginx, portkey,
};
compare.SetAction(async line =>
{
    var before = Machine.Load();
    var folder = Directory.CreateDirectory(line.GetRequiredValue(work)).FullName;
    var plan = new Plan(
        line.GetValue(repetitions), line.GetValue(seconds), line.GetValue(warm), line.GetValue(connections), line.GetRequiredValue(rates),
        line.GetValue(streams), line.GetRequiredValue(only));
    using var models = new ModelServer(TimeSpan.FromMilliseconds(line.GetValue(gap)));
    var programs = new Programs(
        folder, Path.GetFullPath(line.GetRequiredValue(backstop)), line.GetValue(nginx),
        line.GetValue(portkey) is { } script ? Path.GetFullPath(script) : null);
    var contenders = new Contenders(programs, line.GetValue(core), models.Port);
    var results = await new Comparison(plan, Console.Error).Run(contenders.All(), models.Port);
    var report = new Report(Machine.Describe(before), plan, results);
    await File.WriteAllTextAsync(Path.Combine(folder, "results.json"), report.ToJson());
    report.Write(Console.Out);
});

var (port, upstream) = (new Argument<int>("port"), new Argument<int>("upstream"));
var yarp = new Command("yarp", "Serves as plain YARP in front of a port of this machine; the comparison starts it.") { port, upstream };
yarp.SetAction((line, cancel) => PlainYarp.Run(line.GetValue(port), line.GetValue(upstream), cancel));
compare.Subcommands.Add(yarp);
return await compare.Parse(args).InvokeAsync();
