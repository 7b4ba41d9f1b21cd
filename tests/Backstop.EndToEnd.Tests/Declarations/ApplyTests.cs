using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests.Declarations;

/// <summary><c>backstop apply</c> against a running server.</summary>
public sealed class ApplyTests(RunningBackstop backstop) : IClassFixture<RunningBackstop>
{
    [Fact]
    public async Task A_folder_is_applied_once_and_then_changes_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("backstop-apply-").FullName;
        try
        {
            await File.WriteAllTextAsync(
                Path.Combine(folder, "ranker.yaml"),
                """
                apiVersion: backstop/v1
                kind: Release
                name: r1
                manifest: { serving: { protocol: open-inference, model: r, replicas: [http://127.0.0.1:9] } }
                ---
                apiVersion: backstop/v1
                kind: Alias
                name: ranker:apply
                release: r1
                """,
                TestContext.Current.CancellationToken);

            Assert.Equal(["create", "create"], await Apply(folder, "--dry-run"));
            Assert.Equal(["create", "create"], await Apply(folder));
            Assert.Equal(["keep", "keep"], await Apply(folder));

            var (code, _, errors) = await Shelled.Run("apply", "-f", Path.Combine(folder, "nothing"));
            Assert.Equal(2, code);
            Assert.Contains("does not exist", errors, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<string[]> Apply(string folder, params string[] more)
    {
        var (code, output, errors) = await Shelled.Run(["apply", "-f", folder, "--server", backstop.Http.ToString(), "--json", .. more]);
        Assert.True(code == 0, errors);
        return [.. JsonNode.Parse(output)!["steps"]!.AsArray().Select(step => (string)step!["action"]!)];
    }
}
