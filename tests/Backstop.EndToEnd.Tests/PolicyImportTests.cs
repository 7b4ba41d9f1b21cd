using System.Text.Json.Nodes;

namespace Backstop.EndToEnd.Tests;

/// <summary>Policies made of other tools' configurations, with what has no counterpart listed by line.</summary>
public sealed class PolicyImportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_textbook_s_Python_becomes_its_policy()
    {
        var (checks, left) = await Import("guardrails", "app.py",
            """
            from guardrails import Guard
            guard = Guard().use_many(
                ToxicLanguage(on_fail="exception"),     # block toxic output
                DetectPII(["EMAIL_ADDRESS", "PERSON"], on_fail="fix"),
                ValidJson(on_fail="reask"),
                ReadingTime(on_fail="noop"),
            )
            """);

        Assert.Equal(["output toxicity block", "output pii fix", "output json_schema reask"], checks);
        Assert.Equal(["4 PERSON", "6 ReadingTime"], left);
    }

    [Fact]
    public async Task A_guard_as_JSON_is_read_too()
    {
        var (checks, left) = await Import("guardrails", "guard.json",
            """
            {"id":"g","validators":[
              {"id":"guardrails/toxic_language","on":"output","onFail":"fix"},
              {"id":"guardrails/secrets_present","on":"messages","onFail":"fix_reask"},
              {"id":"guardrails/competitor_check","on":"output","onFail":"filter","kwargs":{"competitors":["Acme"]}}]}
            """);

        Assert.Equal(["output toxicity block", "output pattern drop", "input secrets block"], checks);
        Assert.Equal(["2 toxicity: fix", "3 secrets: fix"], left);
    }

    [Fact]
    public async Task The_flows_of_NeMo_become_checks()
    {
        var (checks, left) = await Import("nemo", "config.yml",
            """
            models:
              - { type: main, engine: openai, model: gpt-4o }
            rails:
              config:
                sensitive_data_detection:
                  output: { entities: [ EMAIL_ADDRESS, PERSON ] }
              input:
                flows:
                  - jailbreak detection heuristics
                  - self check input
              output:
                flows: [ mask sensitive data on output ]
            """);

        Assert.Equal(["input injection block", "output pii fix"], checks);
        Assert.Equal(["1 models", "6 PERSON", "10 self check input"], left);
    }

    [Fact]
    public async Task A_key_that_NeMo_would_overlook_is_an_error()
    {
        var (code, _, errors) = await Shelled.Run("policy", "import", "nemo", await Written("config.yml", "railz: {}"));

        Assert.Equal(2, code);
        Assert.Contains("Did you mean 'rails'?", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_of_OpenAI_becomes_a_policy()
    {
        var (checks, left) = await Import("openai", "bundle.json",
            """
            {"version":1,
             "pre_flight":{"version":1,"guardrails":[{"name":"Contains PII","config":{"entities":["US_SSN"],"block":true}}]},
             "output":{"version":1,"guardrails":[
               {"name":"URL Filter","config":{"url_allow_list":["example.com"]}},
               {"name":"Hallucination Detection","config":{"model":"gpt-4.1-mini"}}]}}
            """);

        Assert.Equal(["input pii block", "output exfil_url block"], checks);
        Assert.Equal(["5 Hallucination Detection"], left);
    }

    private async Task<(string[] Checks, string[] Left)> Import(string tool, string name, string text)
    {
        var (code, output, errors) = await Shelled.Run("policy", "import", tool, await Written(name, text), "--json");

        Assert.True(code == 0, errors);
        var report = JsonNode.Parse(output)!;
        return (
            [.. report["policy"]!["stages"]!.AsObject().SelectMany(stage => stage.Value!["checks"]!.AsArray().Select(check => $"{stage.Key} {check!["use"]} {check["action"]}"))],
            [.. report["not_imported"]!.AsArray().Select(left => $"{left!["line"]} {left["what"]}")]);
    }

    private async Task<string> Written(string name, string text)
    {
        var file = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        return file;
    }
}
