using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary><c>backstop lab corpus</c> from a shell: what it makes can be scored and diagnosed like anybody's cases.</summary>
public sealed class LabCorpusTests
{
    [Fact]
    public async Task What_was_generated_is_scored_and_diagnosed_as_a_file()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jsonl");
        try
        {
            Assert.Equal(0, (await Shelled.Run("lab", "corpus", "generate", "--cases", "6", "--family", "nulls", "--closer", "--out", file)).Code);

            var (scored, score, _) = await Shelled.Run("lab", "corpus", "score", "--from", file, "--json");
            Assert.Equal(0, scored);
            Assert.Equal(6, (int)JsonNode.Parse(score)!["methods"]![0]!["top1"]!["trials"]!);

            var (diagnosed, findings, _) = await Shelled.Run("incident", "diagnose", "--case", file, "--json");
            Assert.Equal(0, diagnosed);
            Assert.Equal(6, findings.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_family_that_nobody_knows_is_told_with_those_there_are()
    {
        var (code, _, errors) = await Shelled.Run("lab", "corpus", "score", "--family", "gremlins");

        Assert.Equal(2, code);
        Assert.Contains("slow drift", errors, StringComparison.Ordinal);
    }
}
