using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests.Declarations;

/// <summary><c>backstop apply</c> against a running server.</summary>
[Collection<OneServer>]
public sealed class ApplyTests(RunningBackstop backstop)
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
                required_gates: [ { gate: sums, within_hours: 72 } ]
                ---
                apiVersion: backstop/v1
                kind: Monitor
                name: ranker:apply
                min_units: 500
                margins: { error: 0.005 }
                ---
                apiVersion: backstop/v1
                kind: Gate
                name: refunds
                alias: ranker:apply
                state: shadow
                owner: team-refunds
                cases: [ { prompt: "How long does a refund take?", expected: 14 days } ]
                fail_if_more_than: 0
                good_fail_rate: 0.01
                bad_fail_rate: 0.5
                review_by: 2027-06-01
                """,
                TestContext.Current.CancellationToken);

            string[] made = ["create", "create", "create", "create", "create"];
            Assert.Equal(made, await Apply(folder, "--dry-run"));
            Assert.Equal(made, await Apply(folder));
            Assert.Equal(["keep", "keep", "keep", "keep", "keep"], await Apply(folder));

            var file = Path.Combine(folder, "ranker.yaml");
            var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(
                file,
                text.Replace("error: 0.005", "error: 0.004", StringComparison.Ordinal).Replace("14 days", "15 days", StringComparison.Ordinal).Replace("within_hours: 72", "within_hours: 48", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            Assert.Equal(["keep", "keep", "change", "change", "change"], await Apply(folder));
            Assert.Equal(["keep", "keep", "keep", "keep", "keep"], await Apply(folder));

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
