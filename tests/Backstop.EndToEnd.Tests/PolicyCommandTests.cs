using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary>Guard policies from a shell, with the files the documentation shows.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private static readonly string Examples = Path.Combine(Root(), "docs", "examples");

    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-policy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task One_policy_file_does_what_the_textbook_example_does()
    {
        var (code, output, _) = await Shelled.Run("policy", "test", Example("textbook.policy.yaml"), Example("textbook.cases.yaml"), "--json");

        Assert.Equal(0, code);
        Assert.Equal((6, 0), ((int)JsonNode.Parse(output)!["passed"]!, (int)JsonNode.Parse(output)!["failed"]!));
    }

    [Fact]
    public async Task A_policy_that_cannot_work_is_refused_with_a_suggestion()
    {
        var (code, _, errors) = await Shelled.Run("policy", "lint", await Written("stages: { output: { checks: [ { use: toxicty } ] } }"));

        Assert.Equal(2, code);
        Assert.Contains("Did you mean 'toxicity'?", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_says_what_gets_looser()
    {
        var (code, output, _) = await Shelled.Run(
            "policy", "diff", Example("textbook.policy.yaml"), await Written("stages: { output: { checks: [ { use: toxicity, mode: shadow } ] } }"));

        Assert.Equal(0, code);
        Assert.Contains("stages.output.toxicity.mode: enforce -> shadow  LOOSER", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_explanation_names_the_stages_the_policy_does_not_name()
    {
        var (code, output, _) = await Shelled.Run("policy", "explain");

        Assert.Equal(0, code);
        Assert.Contains("tool_result (not named", output, StringComparison.Ordinal);
    }

    private static string Example(string name) => Path.Combine(Examples, name);

    private async Task<string> Written(string policy)
    {
        var file = Path.Combine(_folder, "policy.yaml");
        await File.WriteAllTextAsync(file, policy, TestContext.Current.CancellationToken);
        return file;
    }

    private static string Root()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Backstop.slnx")))
        {
            at = at.Parent!;
        }

        return at.FullName;
    }
}
