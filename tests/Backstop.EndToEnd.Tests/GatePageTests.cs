using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Backstop.Client;
using Backstop.Core.Gates;
using Backstop.Hosting;
using YamlDotNet.RepresentationModel;

namespace Backstop.EndToEnd.Tests;

/// <summary>The page about gates: what it says to type works as it stands, in an empty folder and on a CI server.</summary>
public sealed partial class GatePageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-page-").FullName;
    private readonly string _page = File.ReadAllText(Path.Combine(Root(), "docs", "gates.md"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_commands_of_the_page_and_of_both_CI_examples_run_as_they_stand()
    {
        // The program as a shell finds it, and as a CI server checks it out.
        Directory.CreateDirectory(Path.Combine(_folder, ".backstop"));
        File.CreateSymbolicLink(Path.Combine(_folder, ".backstop", "backstop"), Path.Combine(AppContext.BaseDirectory, "backstop"));
        var page = Block("bash").Replace("8007", Free(), StringComparison.Ordinal).Replace("8008", Free(), StringComparison.Ordinal);
        var ports = Ports().Matches(page).Select(m => m.Value).ToArray();
        page = page.Replace("800${v#v}", $"$([ $v = v7 ] && echo {ports[0]} || echo {ports[1]})", StringComparison.Ordinal);

        var ci = string.Join('\n', Commands("GitHub Actions", "jobs/gates/steps", "run").Concat(Commands("GitLab", "gates/script", null)).Select(command => $"({command}) || code=$?; [ ${{code:-0}} -le 1 ]"));

        // The model servers end with the shell.
        var (exit, log) = await Bash($"trap 'kill $(jobs -p)' EXIT\nset -e\n{page.TrimEnd()} || true\ncp junit.xml by-hand.xml\nrm summary.md\n{ci}\n");

        Assert.True(exit == 0, log);
        Assert.Equal("sums", (string?)XDocument.Load(Path.Combine(_folder, "by-hand.xml")).Root!.Element("testsuite")!.Attribute("name"));
        Assert.Equal(5, XDocument.Load(Path.Combine(_folder, "by-hand.xml")).Descendants("testcase").Count());
        Assert.Contains("### sums: failed", File.ReadAllText(Path.Combine(_folder, "step-summary.md")), StringComparison.Ordinal);
        Assert.Equal(200, File.ReadAllLines(Path.Combine(_folder, "results.jsonl")).Length);
    }

    [Fact]
    public void Every_suite_on_the_page_is_one()
    {
        File.WriteAllText(Path.Combine(_folder, "refund.schema.json"), """{"type":"object"}""");
        File.WriteAllText(Path.Combine(_folder, "anchors.jsonl"), """{"prompt": "…", "answer": "…", "pass": false}""");
        var suites = Blocks("yaml").Where(b => b.StartsWith("id:", StringComparison.Ordinal) || b.StartsWith("checks:", StringComparison.Ordinal)).ToList();

        Assert.Equal(2, suites.Count);
        Assert.All(suites, yaml =>
        {
            var gate = YamlManifest.Parse(yaml);
            gate["id"] ??= JsonValue.Create("some");
            var lines = Enumerable.Range(0, 34).Select(i => $$"""{"id":"{{i}}","prompt":"?"}""").ToArray();
            var suite = SuiteReader.Read(gate.ToJsonString(), lines, file => Path.Combine(_folder, file) is var path && File.Exists(path) ? File.ReadAllText(path) : null);
            Assert.Equal(34, suite.Cases.Length);
        });
    }

    private string Block(string language) => Assert.Single(Blocks(language));

    private IEnumerable<string> Blocks(string language) => Fences().Matches(_page).Where(m => m.Groups["language"].Value == language).Select(m => m.Groups["text"].Value);

    // The commands under a path of the example below a heading.
    private IEnumerable<string> Commands(string heading, string path, string? key)
    {
        var yaml = Fences().Match(_page, _page.IndexOf($"## {heading}\n", StringComparison.Ordinal)).Groups["text"].Value;
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        var list = (YamlSequenceNode)path.Split('/').Aggregate(stream.Documents[0].RootNode, (node, name) => node[name]);
        return list.Children.Select(step => key is null ? step.ToString() : step is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var run) ? run.ToString() : null).OfType<string>();
    }

    private async Task<(int Exit, string Log)> Bash(string script)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "page.sh"), script, TestContext.Current.CancellationToken);
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", "bash page.sh > log 2>&1"])
        {
            WorkingDirectory = _folder,
            Environment = { ["PATH"] = $"{Path.Combine(_folder, ".backstop")}:{Environment.GetEnvironmentVariable("PATH")}", ["GITHUB_STEP_SUMMARY"] = "step-summary.md" },
        })!;
        try
        {
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!shell.HasExited)
            {
                shell.Kill(entireProcessTree: true);
            }
        }

        return (shell.ExitCode, await File.ReadAllTextAsync(Path.Combine(_folder, "log"), TestContext.Current.CancellationToken));
    }

    private static string Free() => $"{ListenAddress.WithPort(new(IPAddress.Loopback, 0)).Port}";

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Backstop.slnx")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The repository is not above the tests.");
        }

        return folder;
    }

    [GeneratedRegex("^```(?<language>\\w+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Fences();

    [GeneratedRegex("(?<=--port )[0-9]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ports();
}
