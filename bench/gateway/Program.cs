using System.CommandLine;
using Backstop.GatewayBench;
using Backstop.GatewayBench.Servers;

var repetitions = new Option<int?>("--repetitions") { Description = "How often each is measured, in turn: 5, of aliases 15 in each of its starts." };
var seconds = new Option<double?>("--seconds") { Description = "Length of one measurement: 2, of streams 10, of aliases 0.5." };
var warm = new Option<double>("--warm") { Description = "Most seconds of load before the first; it ends when the load gets no cheaper.", DefaultValueFactory = _ => 20 };
var gap = new Option<double>("--gap") { Description = "Milliseconds between two events of a stream.", DefaultValueFactory = _ => 5 };
var only = new Option<string[]>("--only") { Description = "Only what is called so in the tables; may be given several times.", DefaultValueFactory = _ => [] };
var core = new Option<int>("--core") { Description = "The core of the proxy under test.", DefaultValueFactory = _ => 0 };
var work = new Option<string>("--work") { Description = "Folder for results, configuration and logs.", DefaultValueFactory = _ => "artifacts/bench/gateway" };
var backstop = new Option<string>("--backstop") { Description = "Our executable.", Required = true };
var before = new Option<string?>("--before") { Description = "Another build of our executable, which cost and aliases measure beside it in turn." };
var nginx = new Option<string?>("--nginx") { Description = "nginx." };
var portkey = new Option<string?>("--portkey") { Description = "The start script of Portkey's gateway." };
Option[] places = [core, work, backstop, before, nginx, portkey];
Option[] measuring = [repetitions, seconds, warm, gap, only, .. places];

var root = new RootCommand("Measures the gateway beside other proxies on this machine: all pieces, one after the other, and what was wanted.");
Array.ForEach(measuring, root.Options.Add);
root.SetAction(async line =>
{
    foreach (var piece in Piece.All)
    {
        await Measure(line, piece);
    }

    Report.WriteTargets(Report.In(Folder(line)), Console.Out);
});
foreach (var piece in Piece.All)
{
    var command = new Command(piece.Name, piece.What);
    Array.ForEach(measuring, command.Options.Add);
    command.SetAction(line => Measure(line, piece));
    root.Subcommands.Add(command);
}

var report = new Command("report", "Joins what was measured last of every piece: all tables, and what was wanted.");
Array.ForEach(places, report.Options.Add);
report.SetAction(line =>
{
    var reports = Report.In(Folder(line));
    foreach (var one in reports)
    {
        one.Write(Console.Out);
    }

    Report.WriteTargets(reports, Console.Out);
});
root.Subcommands.Add(report);

var soaked = new Option<long>("--streams") { Description = "How many streams.", DefaultValueFactory = _ => 1_000_000 };
var soaking = new Option<int>("--connections") { Description = "How many at one time.", DefaultValueFactory = _ => 256 };
var soak = new Command("soak", "Streams very often through our gateway and tells whether its memory stays flat; a million take minutes.") { soaked, soaking };
Array.ForEach(places, soak.Options.Add);
soak.SetAction(async line =>
{
    using var models = new ModelServer(TimeSpan.Zero, events: 4);
    return await Endure(line, models).Soak(line.GetValue(soaked), line.GetValue(soaking), models.Events, Path.Combine(Folder(line), "soak.json")) ? 0 : 1;
});
root.Subcommands.Add(soak);

var idling = new Option<int>("--streams") { Description = "How many streams.", DefaultValueFactory = _ => 5000 };
var idle = new Command("idle", "Opens very many streams through our gateway that begin and then wait, and tells what they take; less than a minute.") { idling };
Array.ForEach(places, idle.Options.Add);
idle.SetAction(async line =>
{
    using var models = new ModelServer(TimeSpan.FromHours(1));
    return await Endure(line, models).Idle(line.GetValue(idling), Path.Combine(Folder(line), "idle.json")) ? 0 : 1;
});
root.Subcommands.Add(idle);

var profiled = new Option<double>("--seconds") { Description = "How long each is profiled.", DefaultValueFactory = _ => 8 };
var functions = new Option<int>("--functions") { Description = "How many functions of each component the file names.", DefaultValueFactory = _ => 8 };
var profile = new Command("profile", "Tells where processor time goes at full speed: YARP's, and our gateway's without a ring and with the default one; needs perf.") { profiled, warm, only, functions };
Array.ForEach(places, profile.Options.Add);
profile.SetAction(async line =>
{
    if (!Profile.IsPossible)
    {
        Console.Error.WriteLine("bench: perf is missing (Debian: linux-perf); there is no profile without it.");
        return 1;
    }

    using var models = new ModelServer(TimeSpan.Zero);
    await new Profile(Here(line, models), Console.Out).Run(
        line.GetRequiredValue(only) is { Length: > 0 } chosen ? chosen : [Contenders.Yarp, Contenders.Plain, Contenders.Ring],
        TimeSpan.FromSeconds(line.GetValue(warm)), TimeSpan.FromSeconds(line.GetValue(profiled)), line.GetValue(functions), Path.Combine(Folder(line), "profile.json"));
    return 0;
});
root.Subcommands.Add(profile);

var (port, upstream) = (new Argument<int>("port"), new Argument<int>("upstream"));
var logs = new Option<bool>("--logs") { Description = "Logs as its template does." };
var tenants = new Option<int>("--tenants") { Description = "How many have a route and a cluster of their own; 0 for one that takes everything." };
var oneClient = new Option<bool>("--one-client") { Description = "All clusters share a client." };
var yarp = new Command("yarp", "Serves as plain YARP in front of a port of this machine; the comparison starts it.") { port, upstream, logs, tenants, oneClient };
yarp.SetAction((line, cancel) => PlainYarp.Run(line.GetValue(port), line.GetValue(upstream), line.GetValue(logs), line.GetValue(tenants), line.GetValue(oneClient), cancel));
root.Subcommands.Add(yarp);
var bare = new Command("bare", "Serves as a bare forwarder in front of a port of this machine; the comparison starts it.") { port, upstream };
bare.SetAction((line, cancel) => BareForwarder.Run(line.GetValue(port), line.GetValue(upstream), cancel));
root.Subcommands.Add(bare);
return await root.Parse(args).InvokeAsync();

string Folder(ParseResult line) => Directory.CreateDirectory(line.GetRequiredValue(work)).FullName;

Contenders Here(ParseResult line, ModelServer models) => new(
    new(
        Folder(line), Path.GetFullPath(line.GetRequiredValue(backstop)), line.GetValue(nginx),
        line.GetValue(portkey) is { } script ? Path.GetFullPath(script) : null, line.GetValue(before) is { } other ? Path.GetFullPath(other) : null),
    line.GetValue(core), models.Port);

Endurance Endure(ParseResult line, ModelServer models) => new(Here(line, models), Console.Out);

async Task Measure(ParseResult line, Piece piece)
{
    var load = Machine.Load();
    var plan = new Plan(line.GetValue(repetitions) ?? piece.Repetitions, line.GetValue(seconds) ?? piece.Seconds, line.GetValue(warm), line.GetRequiredValue(only));
    using var models = new ModelServer(TimeSpan.FromMilliseconds(line.GetValue(gap)));
    var results = await new Comparison(piece, plan, Here(line, models), models.Port, Console.Error).Run();
    var measured = new Report(Machine.Describe(load), piece.Name, plan, results);
    measured.WriteTo(Folder(line));
    measured.Write(Console.Out);
}
