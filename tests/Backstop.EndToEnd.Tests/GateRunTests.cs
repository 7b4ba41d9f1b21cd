using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Backstop.Control.Hosting;

namespace Backstop.EndToEnd.Tests;

/// <summary><c>backstop gate run FOLDER</c> from a shell, as a CI server runs it: no Backstop server, a release from its manifest.</summary>
public sealed class GateRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-suite-").FullName;

    public GateRunTests()
    {
        Write("gate.yaml", "id: capitals\nsamples: 2\ndecide: { failIfMoreThan: 1, goodFailRate: 0.02, badFailRate: 0.6 }\n");
        Write("cases.jsonl", """{"id":"fr","prompt":"Capital of France?","expected":"Paris"}""" + "\n" + """{"id":"it","prompt":"Capital of Italy?","expected":"Rome"}""" + "\n");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_good_release_exits_with_0_and_a_bad_one_with_1_and_a_report_that_CI_servers_read()
    {
        using var good = Model(question => question.Contains("France", StringComparison.Ordinal) ? "Paris." : "It is Rome.");
        using var bad = Model(_ => "Paris.");

        var (passed, summary, _) = await Run(Manifest("v7", good.Prefix));
        var (failed, json, _) = await Run(Manifest("v8", bad.Prefix), "--against", Manifest("v7", good.Prefix), "--junit", Path.Combine(_folder, "junit.xml"), "--json");

        Assert.Equal((0, 1), (passed, failed));
        Assert.Contains("capitals: passed", summary, StringComparison.Ordinal);
        Assert.Equal(1, (int)JsonNode.Parse(json)!["paired"]!["worse"]!);
        var suite = XDocument.Load(Path.Combine(_folder, "junit.xml")).Root!.Element("testsuite")!;
        Assert.Equal(("3", "2", "0"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value));
    }

    [Fact]
    public async Task A_release_that_does_not_answer_exits_with_3_and_is_taken_up_where_it_broke()
    {
        var results = Path.Combine(_folder, "results.jsonl");
        var manifest = Manifest("v8", "http://127.0.0.1:9/");
        var (code, summary, _) = await Run(manifest, "--results", results);

        Assert.Equal(3, code);
        Assert.Contains("inconclusive", summary, StringComparison.Ordinal);
        Assert.Equal(4, (await File.ReadAllLinesAsync(results, TestContext.Current.CancellationToken)).Length);
    }

    [Fact]
    public async Task What_a_run_costs_and_how_probable_both_errors_are_is_known_before_anything_is_asked()
    {
        var (code, json, _) = await Shelled.Run(["gate", "run", _folder, "--dry-run", "--json"]);
        var plan = JsonNode.Parse(json)!;

        Assert.Equal((0, 4, 1), (code, (int)plan["runs"]!, (int)plan["fail_if_more_than"]!));
        Assert.Equal(0.8208, (double)plan["power"]!, 0.0001);
        Assert.Equal(0.0023, (double)plan["false_block"]!, 0.0001);
        Assert.Contains("let through with probability 0.179", (string?)plan["doubt"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_with_a_release_that_does_not_answer_is_no_comparison()
    {
        using var good = Model(_ => "Paris and Rome");
        Write("cases.jsonl", string.Concat(Enumerable.Range(0, 8).Select(i => $$"""{"id":"c{{i}}","prompt":"Capital?","expected":"Paris"}""" + "\n")));

        var (code, summary, _) = await Run(Manifest("v8", good.Prefix), "--against", Manifest("v7", "http://127.0.0.1:9/"));

        Assert.Equal(3, code);
        Assert.Contains("capitals: inconclusive", summary, StringComparison.Ordinal);
        Assert.Contains("8 without an answer", summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_beside_the_suite_judges_every_answer()
    {
        using var model = Model(_ => "Paris and Rome");
        Write("gate.yaml", "id: capitals\nchecks:\n- { use: command, name: short, run: [ sh, short.sh ] }\n");
        Write("short.sh", "grep -q '\"case\":\"fr\"' && echo '{\"pass\": true}' || echo '{\"pass\": false}'\n");

        var (code, json, _) = await Run(Manifest("v8", model.Prefix), "--json");

        Assert.Equal(1, code);
        Assert.Equal(1, (int)JsonNode.Parse(json)!["reasons"]!["short"]!);
    }

    [Fact]
    public async Task A_slip_in_the_suite_is_told_with_the_page_of_the_format()
    {
        Write("gate.yaml", "id: capitals\nsampels: 2\n");
        var (code, _, errors) = await Run(Manifest("v8", "http://127.0.0.1:9/"));

        Assert.Equal(2, code);
        Assert.Contains("samples", errors, StringComparison.Ordinal);
        Assert.Contains("docs/gates.md", errors, StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Errors)> Run(string manifest, params string[] more) =>
        Shelled.Run(["gate", "run", _folder, "--release", manifest, .. more]);

    private string Manifest(string name, string replica) => Write($"{name}.yaml", $"serving:\n  model: {name}\n  replicas: [ {replica} ]\n");

    private string Write(string file, string text)
    {
        var path = Path.Combine(_folder, file);
        File.WriteAllText(path, text);
        return path;
    }

    private static ListeningModel Model(Func<string, string> answer) => new(answer);

    // The smallest model server there is.
    private sealed class ListeningModel : IDisposable
    {
        private readonly HttpListener _listener = new();

        public ListeningModel(Func<string, string> answer)
        {
            Prefix = $"http://127.0.0.1:{FreePort.At(IPAddress.Loopback)}/";
            _listener.Prefixes.Add(Prefix);
            _listener.Start();
            _ = Serve(answer);
        }

        public string Prefix { get; }

        public void Dispose() => _listener.Close();

        private async Task Serve(Func<string, string> answer)
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    var body = (await JsonNode.ParseAsync(context.Request.InputStream))!;
                    var text = answer((string)body["messages"]!.AsArray()[^1]!["content"]!);
                    context.Response.ContentType = "application/json";
                    await JsonSerializer.SerializeAsync(context.Response.OutputStream, new { choices = new[] { new { message = new { content = text } } } });
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }
    }
}
