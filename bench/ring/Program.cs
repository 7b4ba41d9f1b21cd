using System.CommandLine;
using Backstop.RingBench;

var seconds = new Option<double>("--seconds") { Description = "Time for one contender on one kind of text.", DefaultValueFactory = _ => 0.2 };
var only = new Option<string?>("--only") { Description = "Only contenders of ours that have this in their name." };
var kind = new Option<string?>("--kind") { Description = "Only texts that have this in the name of their kind." };
var file = new Option<FileInfo?>("--texts") { Description = "Texts of your own beside the others: a file with a JSON object with \"text\" in each line." };
var steps = new Option<bool>("--steps") { Description = "Tell where the time of the default ring goes on the texts that bench/gateway sends, and measure nothing else." };
var node = new Option<string?>("--node") { Description = "Node.js; the peers are left out without it." };
var peers = new Option<string?>("--peers") { Description = "Folder with the peers' node_modules." };
var work = new Option<string>("--work") { Description = "Folder for texts and results.", DefaultValueFactory = _ => "artifacts/bench/ring" };
var json = new Option<bool>("--json") { Description = "Print the results as JSON, not as tables." };
var bench = new RootCommand("Measures the ring and its checks on one core, beside libraries that run offline.") { seconds, only, kind, file, steps, node, peers, work, json };
bench.SetAction(line =>
{
    if (line.GetValue(steps))
    {
        Console.Out.WriteLine(Steps.Table());
        return;
    }

    var time = TimeSpan.FromSeconds(line.GetValue(seconds));
    var texts = Texts.All().Concat(line.GetValue(file) is { } own ? Texts.Of(own.FullName) : []).Where(text => line.GetValue(kind) is not { } part || text.Kind.Contains(part, StringComparison.Ordinal)).ToList();
    var folder = Directory.CreateDirectory(line.GetRequiredValue(work)).FullName;
    var load = Report.Load();
    var rows = new List<Row>();
    var ours = Contender.Ours().Where(c => line.GetValue(only) is not { } part || c.Name.Contains(part, StringComparison.Ordinal)).ToList();

    // They share code, which the first would otherwise pay for: the compiler works beside it, on the same core.
    ours.ForEach(contender => Measurement.Warm(contender, texts.Select(text => text.Text), time * 4));
    foreach (var contender in ours)
    {
        Console.Error.WriteLine(contender.Name);
        rows.AddRange(texts.GroupBy(text => (text.Kind, text.Size))
            .Select(group => Measurement.Of(contender, group.Key.Kind, group.Key.Size, [.. group.Select(text => text.Text)], time)));
    }

    if (line.GetValue(node) is { } program && line.GetValue(peers) is { } modules)
    {
        rows.AddRange(Peers.Measure(program, Path.GetFullPath(modules), folder, texts, time));
    }

    var report = new Report(Report.Describe(load), rows);
    File.WriteAllText(Path.Combine(folder, "results.json"), report.ToJson());
    Console.Out.WriteLine(line.GetValue(json) ? report.ToJson() : report.ToTables());
});
return bench.Parse(args).Invoke();
