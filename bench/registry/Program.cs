using System.CommandLine;
using Backstop.Control.Store;
using Backstop.RegistryBench;

var store = new Option<string?>("--store") { Description = "An empty PostgreSQL database to fill and measure, as postgres://…; SQLite without." };
var entries = new Option<int>("--entries") { Description = "Entries of the journal.", DefaultValueFactory = _ => 1_000_000 };
var releases = new Option<int>("--releases") { Description = "Registered releases.", DefaultValueFactory = _ => 10_000 };
var reads = new Option<int>("--reads") { Description = "Reads of each kind.", DefaultValueFactory = _ => 1000 };
var check = new Option<bool>("--check") { Description = "Check the whole chain of the journal in the end: minutes." };
var work = new Option<string>("--work") { Description = "Folder for SQLite's file and the results. A file that is there is measured as it is.", DefaultValueFactory = _ => "artifacts/bench/registry" };
var bench = new RootCommand("Measures reads of a registry with a long history, through its REST API.") { store, entries, releases, reads, check, work };
bench.SetAction(async (line, cancel) =>
{
    var folder = Directory.CreateDirectory(line.GetRequiredValue(work)).FullName;
    var address = line.GetValue(store) is { } url ? StoreAddress.Parse(url) : new StoreAddress.Sqlite(folder);
    var size = new HistorySize(line.GetValue(entries), line.GetValue(releases));
    var filled = await History.Fill(address, size, cancel);
    var report = await Readings.Take(address, folder, size, filled, line.GetValue(reads), line.GetValue(check), cancel);
    var name = address is StoreAddress.Sqlite ? "sqlite" : "postgres";
    await File.WriteAllTextAsync(Path.Combine(folder, $"{name}.json"), report.ToJson(), cancel);
    Console.WriteLine(report.ToTable());
});
return await bench.Parse(args).InvokeAsync();
