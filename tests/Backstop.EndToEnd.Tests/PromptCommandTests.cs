using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary><c>backstop prompt</c> and <c>component</c> against a running server, and the prompt as its gateway fills it in.</summary>
[Collection<OneServer>]
public sealed class PromptCommandTests(RunningBackstop backstop) : IDisposable
{
    private const string First = """
        messages:
          - role: system
            content: |
              You work for {{ company }}.
              Answer in one sentence.
        variables: { company: { example: Acme } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-prompt-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_prompt_is_pushed_filled_in_compared_and_served()
    {
        var file = Path.Combine(_folder, "support.yaml");
        Assert.Equal(1, (int)(await Push(file, First))["version"]!);
        Assert.Equal(2, (int)(await Push(file, First.Replace("one sentence", "two sentences", StringComparison.Ordinal)))["version"]!);
        Assert.Equal(1, (int)(await Push(file, First))["version"]!);

        var (code, _, errors) = await Run(["prompt", "push", "support", await Written(file, First.Replace("{{ company }}", "{{ compny }}", StringComparison.Ordinal))]);
        Assert.Equal(1, code);
        Assert.Contains("Did you mean 'company'?", errors, StringComparison.Ordinal);

        Assert.Contains("You work for Umbra.", (await Run(["prompt", "render", "support@2", "--var", "company=Umbra"])).Output, StringComparison.Ordinal);
        (code, _, errors) = await Run(["prompt", "render", "support", "--var", "compny=Umbra"]);
        Assert.Equal(2, code);
        Assert.Contains("Did you mean 'company'?", errors, StringComparison.Ordinal);

        var diff = (await Run(["prompt", "diff", "support@1", "2"])).Output;
        Assert.Contains("-Answer in one sentence.", diff, StringComparison.Ordinal);
        Assert.Contains("+Answer in two sentences.", diff, StringComparison.Ordinal);

        var replicas = (await backstop.Control.Release("v7", TestContext.Current.CancellationToken)).Body.Manifest!.Value.GetProperty("serving").GetRawText();
        await Written(file, $"{{ \"prompt\": \"support@2\", \"serving\": {replicas}, \"lineage\": {{ \"training_run\": {{ \"id\": \"run 42\", \"url\": \"https://tracker.internal/42\" }} }} }}");
        Assert.Equal(0, (await Run(["release", "register", file, "--name", "v9"])).Code);
        var release = (await Run(["release", "show", "v9"])).Output;
        Assert.Contains("prompt: support@2", release, StringComparison.Ordinal);
        Assert.Contains("training_run: run 42 https://tracker.internal/42", release, StringComparison.Ordinal);
        Assert.Equal(0, (await Run(["alias", "create", "support:prod", "v9"])).Code);
        var shown = JsonNode.Parse((await Run(["prompt", "get", "support:prod", "--json"])).Output)!;
        Assert.Equal(("support", 2), ((string)shown["component"]!["name"]!, (int)shown["component"]!["version"]!));
        Assert.Contains("You work for Acme.", (await Run(["prompt", "render", "support:prod", "--examples"])).Output, StringComparison.Ordinal);
    }

    private async Task<JsonNode> Push(string file, string text)
    {
        var (code, output, errors) = await Run(["prompt", "push", "support", await Written(file, text), "--lineage", "commit=3f2a91c", "--json"]);
        Assert.True(code == 0, errors);
        return JsonNode.Parse(output)!;
    }

    private static async Task<string> Written(string file, string text)
    {
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        return file;
    }

    private Task<(int Code, string Output, string Errors)> Run(string[] words) => Shelled.Run([.. words, "--server", backstop.Http.ToString()]);
}
