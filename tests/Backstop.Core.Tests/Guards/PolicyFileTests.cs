using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Json;

namespace Backstop.Core.Tests.Guards;

/// <summary>What surrounds a policy file: its schema, advice, comparison, overlay and cases.</summary>
public sealed class PolicyFileTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly JsonObject SchemaFile = (JsonObject)JsonNode.Parse(File.ReadAllText(Repository("docs/guard-policy.schema.json")))!;
    private static readonly JsonSchema Schema = JsonSchema.Compile(SchemaFile.ToJsonString());

    // The least with which each check can be made.
    private static readonly Dictionary<string, string> Least = new()
    {
        ["language"] = """{"allowed":["en"]}""", ["pattern"] = """{"words":["acme"]}""", ["topic"] = """{"deny":{"a":["b"]}}""",
        ["dialogue"] = """{"intents":{"a":{"examples":["b"]}}}""", ["remote"] = """{"guard":"g"}""", ["judge"] = """{"guard":"g","question":"?"}""",
        ["onnx"] = """{"model":"m"}""",
    };

    [Theory]
    [InlineData(GuardPolicy.DefaultJson, true)]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","action":"fix","with":{"fix":"mask"},"on_error":"degrade:x"}]}}}""", true)]
    [InlineData("""{"stagez":{}}""", false)]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"piii"}]}}}""", false)]
    [InlineData("""{"stages":{"output":{"checks":[{"use":"pii","with":{"typs":[]}}]}}}""", false)]
    [InlineData("""{"streaming":{"hold_max":10}}""", false)]
    public void The_published_schema_accepts_what_the_reader_accepts(string policy, bool valid) =>
        Assert.Equal(valid, Schema.Validate(JsonParser.Parse(policy, out _)!) is null);

    [Fact]
    public void The_published_schema_knows_every_check_and_every_setting()
    {
        Assert.Equal(CheckCatalog.Names.Order(StringComparer.Ordinal), SchemaFile["$defs"]!["check"]!["properties"]!["use"]!["enum"]!.AsArray().Select(name => (string)name!));
        foreach (var name in CheckCatalog.Names)
        {
            var published = SchemaFile["$defs"]![name]!["properties"]!.AsObject().Select(pair => pair.Key);
            Assert.Equal(published.Order(StringComparer.Ordinal), CheckCatalog.SettingsOf(name, Least.GetValueOrDefault(name, "{}")).Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData("""{"use":"repetition","action":"drop"}""", "output", "nothing would be left")]
    [InlineData("""{"use":"pii","with":{"fix":"masc"}}""", "output", "Did you mean 'mask'?")]
    [InlineData("""{"use":"language","with":{"allowed":["eng"]}}""", "output", "Did you mean 'en'?")]
    [InlineData("""{"use":"length","with":{"min_words":5,"max_words":3}}""", "output", "longer than it may be")]
    [InlineData("""{"use":"prompt_leak","with":{"canaries":["abc"]}}""", "output", "found by chance")]
    [InlineData("""{"use":"pattern","with":{"patterns":{"x":"a{300}"}}}""", "output", "hold_max")]
    public void What_could_not_work_is_refused_with_what_to_do(string check, string stage, string reason)
    {
        var failure = Assert.Throws<GuardPolicyException>(() => GuardPolicy.Parse(Stage(stage, check)));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"use":"remote","with":{"guard":"lama"}}""", "Did you mean 'llama'?")]
    [InlineData("""{"use":"judge","with":{"guard":"llama","question":"Is it rude?"}}""", "protocol chat")]
    [InlineData("""{"use":"remote","with":{"guard":"vectors"}}""", "openai_embeddings")]
    [InlineData("""{"use":"remote","with":{"guard":"llama"},"on_error":"degrade:pii"},{"use":"pii","on_error":"degrade:remote"}""", "nobody answers")]
    public void Whom_a_check_asks_is_looked_up_when_the_policy_is_loaded(string checks, string reason)
    {
        var failure = Assert.Throws<GuardPolicyException>(() => GuardPolicy.Parse(
            $$$$"""{"remotes":{"llama":{"protocol":"llama_guard","url":"http://guard:8000"},"vectors":{"protocol":"openai_embeddings","url":"http://guard:8000"}},"stages":{"output":{"checks":[{{{{checks}}}}]}}}"""));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(""" "path":"m.onnx","sha256":"$" """, """{"model":"n"}""", "Did you mean 'm'?")]
    [InlineData(""" "path":"m.onnx","sha256":"$" """, """{"model":"m","labels":["malicius"]}""", "Did you mean 'malicious'?")]
    [InlineData(""" "path":"m.onnx","sha256":"$" """, """{"model":"m","thresholds":{"b":0.5}}""", "'b' is not known")]
    [InlineData(""" "path":"../m.onnx","sha256":"$" """, """{"model":"m"}""", "under the gateway's folder of models")]
    [InlineData(""" "path":"/etc/m.onnx","sha256":"$" """, """{"model":"m"}""", "under the gateway's folder of models")]
    [InlineData(""" "path":"m.bin","sha256":"$" """, """{"model":"m"}""", "must end with .onnx")]
    [InlineData(""" "path":"m.onnx","sha256":"12" """, """{"model":"m"}""", "64 hexadecimal digits")]
    public void A_model_is_a_file_that_the_policy_can_tell_from_others(string model, string with, string reason)
    {
        var failure = Assert.Throws<GuardPolicyException>(() => GuardPolicy.Parse(Models(model, with)));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_under_the_same_name_is_a_difference()
    {
        var before = Models(""" "path":"m.onnx","sha256":"$" """, """{"model":"m"}""");
        var change = Assert.Single(PolicyDiff.Between(GuardPolicy.Parse(before), GuardPolicy.Parse(before.Replace("[\"benign\"", "[\"safe\"", StringComparison.Ordinal))));
        Assert.Equal("models.m", change.Path);
    }

    [Fact]
    public void The_default_policy_needs_no_advice() => Assert.Empty(PolicyLint.Of(GuardPolicy.Default));

    [Fact]
    public void Changed_arguments_of_tools_should_be_looked_at_again() => Assert.Contains(
        "nothing looks whether they still fit",
        PolicyLint.Of(GuardPolicy.Parse(Stage("tool_args", """{"use":"pii","action":"fix"}""")))[0].Message,
        StringComparison.Ordinal);

    [Fact]
    public void Advice_names_what_is_likely_not_meant()
    {
        var advice = PolicyLint.Of(Output("""{"use":"pii","id":"a","mode":"off"},{"use":"secrets","threshold":0.1,"on_timeout":"pass_flagged","on_saturated":"pass_flagged"}"""));
        Assert.Equal(
            ["stages.output.checks[0]", "stages.output.checks[1]", "stages.output.checks[1]", "stages.output.checks[1]", "stages.output.checks[1]", "stages.output.checks[1]", "stages"],
            advice.Select(piece => piece.Path));
    }

    [Theory]
    [InlineData("""{"use":"toxicity"}""", """{"use":"toxicity","mode":"shadow"}""", "stages.output.toxicity.mode", false)]
    [InlineData("""{"use":"toxicity","threshold":0.5}""", """{"use":"toxicity","threshold":0.4}""", "stages.output.toxicity.threshold", true)]
    [InlineData("""{"use":"pii","action":"fix"}""", """{"use":"pii","action":"block"}""", "stages.output.pii.action", true)]
    [InlineData("""{"use":"pii"}""", """{"use":"pii","on_error":"pass_flagged"}""", "stages.output.pii.on_error", false)]
    [InlineData("""{"use":"pii"}""", """{"use":"pii"},{"use":"secrets"}""", "stages.output.secrets", true)]
    [InlineData("""{"use":"pii"},{"use":"secrets","action":"observe"}""", """{"use":"pii"}""", "stages.output.secrets", null)]
    public void A_difference_says_whether_less_or_more_gets_through(string before, string after, string path, bool? stricter)
    {
        var change = Assert.Single(PolicyDiff.Between(Output(before), Output(after)));
        Assert.Equal((path, stricter), (change.Path, change.Stricter));
    }

    [Fact]
    public void An_overlay_tightens_until_it_ends()
    {
        var policy = Output("""{"use":"toxicity","action":"observe","threshold":0.6},{"use":"pii","action":"fix"}""");
        var overlay = Overlay("""{"use":"toxicity","action":"block","threshold":0.4},{"use":"secrets","action":"block"}""", "2026-03-02T12:00:00Z");
        var tight = overlay.Over(policy, Now);
        Assert.Equal(["toxicity", "pii", "secrets"], tight.ChecksOf(GuardStage.Output).Select(use => use.Id));
        Assert.Equal((Disposition.Block, 0.4), (tight.ChecksOf(GuardStage.Output)[0].Action, tight.ChecksOf(GuardStage.Output)[0].Threshold));
        Assert.Same(policy, overlay.Over(policy, Now.AddDays(1)));
    }

    [Theory]
    [InlineData("""{"use":"toxicity","action":"observe"}""")]
    [InlineData("""{"use":"toxicity","action":"block","mode":"shadow"}""")]
    [InlineData("""{"use":"toxicity","action":"block","threshold":0.9}""")]
    [InlineData("""{"use":"pii","id":"toxicity"}""")]
    public void An_overlay_cannot_loosen(string check)
    {
        var policy = Output("""{"use":"toxicity","action":"block","threshold":0.6}""");
        Assert.Throws<GuardPolicyException>(() => Overlay(check, "2026-03-02T12:00:00Z").Over(policy, Now));
    }

    [Theory]
    [InlineData("2026-02-01T00:00:00Z", "has passed")]
    [InlineData("2026-04-01T00:00:00Z", "more than a week")]
    [InlineData("soon", "is not a time")]
    public void An_overlay_has_an_end_in_sight(string expires, string reason) => Assert.Contains(
        reason, Assert.Throws<GuardPolicyException>(() => Overlay("""{"use":"pii"}""", expires)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_case_that_a_policy_does_not_pass_says_what_was_different()
    {
        var cases = PolicyCases.Parse(
            """
            {"cases":[{"name":"a","text":"hello","expect":"allow"},{"name":"b","text":"write to ada@example.com","expect":"block"},
                      {"name":"c","text":"write to ada@example.com","expect":"fix","fixed":"write to me"}]}
            """);
        Assert.Equal(
            [null, "expected block, got fix; found by pii", "expected \"write to me\", got \"write to [EMAIL_ADDRESS]\""],
            PolicyCases.Run(GuardPolicy.Default, cases).Select(result => result.Failure));
    }

    private static string Models(string model, string with) => $$$$"""
        {"models":{"m":{ {{{{model}}}},"tokenizer":{"path":"m.json","sha256":"$"},"labels":["benign","malicious"]} },"stages":{"input":{"checks":[{"use":"onnx","with":{{{{with}}}} }]} } }
        """.Replace("$", new string('0', 64), StringComparison.Ordinal);

    private static GuardPolicy Output(string checks) => GuardPolicy.Parse(Stage("output", checks));

    private static string Stage(string stage, string checks) => $$"""{ "stages": { "{{stage}}": { "checks": [ {{checks}} ] } } }""";

    private static PolicyOverlay Overlay(string checks, string expires) => PolicyOverlay.Parse(
        $$"""{ "owner": "ada", "reason": "abuse tonight", "expires": "{{expires}}", "stages": { "output": { "checks": [ {{checks}} ] } } }""", Now);

    private static string Repository(string path)
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at.FullName, "Backstop.slnx")))
        {
            at = at.Parent!;
        }

        return Path.Combine(at.FullName, path);
    }
}
