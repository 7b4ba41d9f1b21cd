using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary>The lab from a shell.</summary>
public sealed class LabCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-lab-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Detection_gives_its_table_as_json()
    {
        var (code, output, _) = await Shelled.Run("lab", "detect", "--scenario", "v8, 50% canary", "--rule", "ours", "--reps", "20", "--json");

        Assert.Equal(0, code);
        var row = JsonNode.Parse(output)!["rows"]!.AsArray().First(r => (string?)r!["rule"] == "ours")!;
        Assert.Equal(20, (int)row["fired"]!["hits"]!);
        Assert.InRange((double)row["mean_delay"]!, 84, 200);
    }

    [Fact]
    public async Task A_scenario_or_a_rule_that_does_not_exist_is_refused_with_those_that_do()
    {
        var (scenario, _, scenarios) = await Shelled.Run("lab", "detect", "--scenario", "v9");
        var (rule, _, rules) = await Shelled.Run("lab", "detect", "--rule", "guesswork");

        Assert.Equal((2, 2), (scenario, rule));
        Assert.Contains("v8, 5% canary", scenarios, StringComparison.Ordinal);
        Assert.Contains("mSPRT", rules, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".svg", "<svg")]
    [InlineData(".png", "PNG")]
    public async Task Figures_are_drawn_as_the_file_s_name_asks(string extension, string begins)
    {
        var (detect, recovery) = (Path.Combine(_folder, "detect" + extension), Path.Combine(_folder, "mttr" + extension));

        Assert.Equal(0, (await Shelled.Run("lab", "detect", "--scenario", "50% canary", "--reps", "5", "--requests", "1000", "--plot", detect)).Code);
        Assert.Equal(0, (await Shelled.Run("lab", "mttr", "--incidents", "10", "--plot", recovery)).Code);

        foreach (var file in (string[])[detect, Path.Combine(_folder, "detect-false" + extension), recovery])
        {
            var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            Assert.Contains(begins, Encoding.Latin1.GetString(bytes[..100]), StringComparison.Ordinal);
            Assert.True(bytes.Length > 5000);
        }
    }

    [Fact(Explicit = true)]
    public async Task A_release_that_regresses_by_injection_is_taken_back_and_a_cold_previous_takes_ten_times_as_long()
    {
        var plot = Path.Combine(_folder, "deploy.svg");
        var (code, output, _) = await Shelled.Run("lab", "deploy", "--seeds", "1", "--json", "--plot", plot);

        Assert.Equal(0, code);
        var report = JsonNode.Parse(output)!;
        Assert.Equal(["canary", "promoted_warm", "promoted_cold"], report["runs"]!.AsArray().Select(r => (string)r!["case"]!));
        Assert.All(report["runs"]!.AsArray(), r => Assert.Equal(("rolled_back", 0), ((string)r!["status"]!, (int)r["late_on_bad"]!)));
        var (warm, cold) = ((double)report["cases"]![1]!["rollback"]!, (double)report["cases"]![2]!["rollback"]!);
        Assert.True(cold > 10 * warm, $"{cold} s cold, {warm} s warm");
        Assert.Contains("<svg", await File.ReadAllTextAsync(plot, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_figure_of_another_kind_is_refused_before_anything_is_computed()
    {
        var (code, output, errors) = await Shelled.Run("lab", "detect", "--plot", "detect.pdf");

        Assert.Equal((2, ""), (code, output));
        Assert.Contains(".svg or .png", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_is_replayed_and_lines_that_make_no_sense_are_told_with_their_number()
    {
        var file = Path.Combine(_folder, "requests.jsonl");
        await File.WriteAllTextAsync(
            file,
            """
            {"t": 0.0, "unit": "a", "arm": "baseline", "outcome": "correct", "latency_ms": 812}
            {"t": 0.3, "unit": "b", "arm": "candidate", "outcome": "schema_blocked", "latency_ms": 644}
            what?
            """,
            TestContext.Current.CancellationToken);

        var (code, output, errors) = await Shelled.Run("lab", "replay", file, "--share", "0.5", "--json");
        Assert.Equal((0, "no_data"), (code, (string?)JsonNode.Parse(output)!["verdict"]));
        Assert.Contains("line 3:", errors, StringComparison.Ordinal);

        var (missing, _, reason) = await Shelled.Run("lab", "replay", file + ".gone");
        Assert.Equal(2, missing);
        Assert.Contains("could not be read", reason, StringComparison.Ordinal);
    }
}
