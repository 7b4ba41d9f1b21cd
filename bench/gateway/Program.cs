using System.CommandLine;
using Backstop.GatewayBench;
using Backstop.GatewayBench.Servers;

var repetitions = new Option<int>("--repetitions") { Description = "How often each is measured, in turn.", DefaultValueFactory = _ => 5 };
var seconds = new Option<double>("--seconds") { Description = "Length of one measurement.", DefaultValueFactory = _ => 2.5 };
var warm = new Option<double>("--warm") { Description = "Most seconds of load before the first; it ends when the load gets no cheaper.", DefaultValueFactory = _ => 40 };
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
    report.WriteTargets(Console.Out);
});

var soaked = new Option<long>("--streams") { Description = "How many streams.", DefaultValueFactory = _ => 1_000_000 };
var soak = new Command("soak", "Streams very often through our gateway and tells whether its memory stays flat; a million take minutes.") { soaked };
soak.SetAction(async line =>
{
    using var models = new ModelServer(TimeSpan.Zero);
    return await Endure(line, models).Soak(line.GetValue(soaked), line.GetValue(connections), Path.Combine(line.GetRequiredValue(work), "soak.json")) ? 0 : 1;
});
var idling = new Option<int>("--streams") { Description = "How many streams.", DefaultValueFactory = _ => 5000 };
var idle = new Command("idle", "Opens very many streams through our gateway that begin and then wait, and tells what they take; less than a minute.") { idling };
idle.SetAction(async line =>
{
    using var models = new ModelServer(TimeSpan.FromHours(1));
    return await Endure(line, models).Idle(line.GetValue(idling), Path.Combine(line.GetRequiredValue(work), "idle.json")) ? 0 : 1;
});
foreach (var command in (Command[])[soak, idle])
{
    foreach (var option in (Option[])[core, work, backstop, nginx, portkey, connections])
    {
        command.Options.Add(option);
    }

    compare.Subcommands.Add(command);
}

Endurance Endure(ParseResult line, ModelServer models) => new(
    new(new(Directory.CreateDirectory(line.GetRequiredValue(work)).FullName, Path.GetFullPath(line.GetRequiredValue(backstop)), null, null), line.GetValue(core), models.Port),
    Console.Out);

var (port, upstream) = (new Argument<int>("port"), new Argument<int>("upstream"));
var yarp = new Command("yarp", "Serves as plain YARP in front of a port of this machine; the comparison starts it.") { port, upstream };
yarp.SetAction((line, cancel) => PlainYarp.Run(line.GetValue(port), line.GetValue(upstream), cancel));
compare.Subcommands.Add(yarp);
var bare = new Command("bare", "Serves as a bare forwarder in front of a port of this machine; the comparison starts it.") { port, upstream };
bare.SetAction((line, cancel) => BareForwarder.Run(line.GetValue(port), line.GetValue(upstream), cancel));
compare.Subcommands.Add(bare);
return await compare.Parse(args).InvokeAsync();
