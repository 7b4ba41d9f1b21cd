using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Demo;

namespace Backstop.EndToEnd.Tests;

/// <summary>A gate of files that an alias requires, from a shell: no release passes without its result, and only a reason goes past it.</summary>
public sealed class RequiredGateTests(RunningBackstop backstop) : IClassFixture<RunningBackstop>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-suite-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_release_comes_to_its_users_once_it_has_passed_what_the_alias_requires()
    {
        foreach (var name in (string[])["v8", "v9"])
        {
            // Other releases for the same servers: they answer as v7.
            var manifest = DemoManifest.Of("v7", backstop.Pool);
            manifest["prompt"]!["version"] = name;
            await backstop.Control.RegisterRelease(name, manifest, Cancel);
        }

        Suite("""{"id":"sum","prompt":"What is 2 plus 2?","checks":[{"use":"contains","all":["no model says this"]}]}""");
        Assert.Equal(0, (await Run("alias", "require", RunningBackstop.Alias, "sums", "--reason", "test")).Code);

        Assert.Contains("gate sums must have passed v8, and there is none. Run 'backstop gate run", await Rejected("v8"), StringComparison.Ordinal);
        var (code, _, errors) = await Run("alias", "swap", RunningBackstop.Alias, "v8", "--reason", "test");
        Assert.Equal(1, code);
        Assert.Contains("gate sums must have passed v8", errors, StringComparison.Ordinal);

        Assert.Equal(0, (await Run("alias", "swap", RunningBackstop.Alias, "v9", "--reason", "test", "--without-gates", "the house is on fire")).Code);
        Assert.Contains("without its gates: the house is on fire", (await Run("alias", "history", RunningBackstop.Alias, "--json")).Output, StringComparison.Ordinal);

        Assert.Equal(1, (await Run("gate", "run", _folder, "--release", "v8", "--record")).Code);
        Assert.Contains("it failed: 1 of 1 answers, 0 may", await Rejected("v8"), StringComparison.Ordinal);

        Suite("""{"id":"sum","prompt":"What is 2 plus 2?","checks":[{"use":"regex","pattern":"."}]}""");
        Assert.Equal(0, (await Run("gate", "run", _folder, "--release", "v8", "--record")).Code);
        Assert.Equal("passed", (string?)JsonNode.Parse((await Run("gate", "results", "v8", "--json")).Output)![0]!["verdict"]);
        Assert.Contains("gate sums (sha256:", (await Run("journal", "list", "--json")).Output, StringComparison.Ordinal);
        await Start("v8");
        await Eventually(async () => (await backstop.Control.Alias(RunningBackstop.Alias, Cancel)).Body, a => a.Current.Name == "v8");
    }

    private async Task<string> Rejected(string release)
    {
        var rollout = await Start(release);
        return (await Eventually(async () => (await backstop.Control.Rollout(rollout, Cancel)).Body, r => r.Status == "rejected")).Reason!;
    }

    private async Task<string> Start(string release)
    {
        var (code, output, errors) = await Run("rollout", "start", RunningBackstop.Alias, release, "--at-once", "--bake-s", "0.1", "--holdback", "0", "--json");
        Assert.True(code == 0, errors);
        return (string)JsonNode.Parse(output)!["id"]!;
    }

    private static async Task<T> Eventually<T>(Func<Task<T>> read, Func<T, bool> done)
    {
        for (var deadline = DateTime.UtcNow.AddSeconds(120); ;)
        {
            var now = await read();
            if (done(now))
            {
                return now;
            }

            Assert.True(DateTime.UtcNow < deadline, $"It stayed {now}.");
            await Task.Delay(50, Cancel);
        }
    }

    private Task<(int Code, string Output, string Errors)> Run(params string[] arguments) => Shelled.Run([.. arguments, "--server", backstop.Http.ToString()]);

    private void Suite(string cases)
    {
        File.WriteAllText(Path.Combine(_folder, "gate.yaml"), "id: sums\n");
        File.WriteAllText(Path.Combine(_folder, "cases.jsonl"), cases);
    }
}
