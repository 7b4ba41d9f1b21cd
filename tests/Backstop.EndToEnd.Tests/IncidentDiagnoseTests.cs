using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary><c>backstop incident diagnose</c> from a shell: others' cases in, an answer out, and no server.</summary>
public sealed class IncidentDiagnoseTests
{
    private const string Nulls = """{ "id": "shop", "contrasts": [ { "name": "judged", "production": { "n": 400, "hits": 90 }, "holdback": { "n": 400, "hits": 92 }, "baseline": 0.06 } ], "signals": [ { "name": "nullRate", "before": { "n": 900, "hits": 3 }, "after": { "n": 900, "hits": 200 } }, { "name": "zorb", "moved": true } ] }""";

    [Fact]
    public async Task A_case_on_standard_input_gets_both_answers_with_evidence_and_notes()
    {
        var (code, output, _) = await Shelled.Read(Nulls, "incident", "diagnose", "--case", "-", "--json");

        var report = JsonNode.Parse(output)!;
        Assert.Equal(0, code);
        Assert.Equal("data", (string?)report["suspect"]);
        Assert.Equal("no", (string?)report["rollback_helps"]);
        Assert.Equal(1, report["suspects"]!.AsArray().Sum(s => (double)s!["probability"]!), 1e-9);
        Assert.Contains("null", (string?)report["suspects"]![0]!["because"], StringComparison.OrdinalIgnoreCase);
        Assert.Contains(report["notes"]!.AsArray(), n => ((string)n!).Contains("zorb", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_of_lines_gets_a_line_for_each_case()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");
        await File.WriteAllTextAsync(file, $"{Nulls}\n\n{{}}\n", TestContext.Current.CancellationToken);
        try
        {
            var (code, output, _) = await Shelled.Run("incident", "diagnose", "--case", file, "--json");

            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(0, code);
            Assert.Equal(["data", "unknown"], lines.Select(line => (string?)JsonNode.Parse(line)!["suspect"]));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task What_cannot_be_read_is_told_with_its_place_and_the_page_of_the_format()
    {
        var (code, _, errors) = await Shelled.Read("""{"contrast":[]}""", "incident", "diagnose", "--case", "-");

        Assert.Equal(2, code);
        Assert.Contains("Did you mean 'contrasts'", errors, StringComparison.Ordinal);
        Assert.Contains("docs/incidents.md", errors, StringComparison.Ordinal);
    }
}
