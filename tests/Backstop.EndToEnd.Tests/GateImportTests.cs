using System.Text.Json.Nodes;
using Backstop.Core.Gates;
using Backstop.Importing;

namespace Backstop.EndToEnd.Tests;

/// <summary>Tests of other tools as suites: what means the same is taken over, a test whole or not at all, and the rest is listed by line.</summary>
public sealed class GateImportTests : IDisposable
{
    private const string Config = """
        description: refunds
        prompts:
          - "Translate {{text}} to {{ language }}."
          - "Another way: {{text}}"
        providers: [ "openai:gpt-4.1-mini" ]
        defaultTest:
          assert:
            - type: not-icontains
              value: as an ai
        templates:
          polite: { type: icontains, value: please }
        tests:
          - description: both words
            vars: { text: Hello, language: French }
            assert:
              - { type: contains, value: Bonjour, metric: words }
              - { $ref: "#/templates/polite" }
          - description: every language
            vars: { text: Yes, language: [French, German] }
            assert:
              - { type: icontains-any, value: [oui, "ja ({{language}})"] }
          - description: kind
            vars: { text: Hello, language: Danish }
            assert:
              - { type: contains, value: Hej }
              - type: llm-rubric
                value: is kind
          - description: half of it
            threshold: 0.5
            vars: { text: Hello, language: Dutch }
            assert: [ { type: starts-with, value: Hallo } ]
          - vars: { text: Hello }
            assert: [ { type: regex, value: "^H" } ]
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-import-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_promptfoo_test_becomes_a_case_for_each_value_of_its_variables()
    {
        var suite = Promptfoo();

        Assert.Equal(["both words", "every language", "every language #2"], suite.Cases.Select(c => c.Id));
        Assert.Equal(["Translate Hello to French.", "Translate Yes to French.", "Translate Yes to German."], suite.Cases.Select(c => c.Messages[0].Content));
        Passes(suite.Cases[0], "Bonjour, PLEASE", "oh\nBonjour please");
        Fails(suite.Cases[0], "bonjour please", "Bonjour", "Bonjour please, as an AI");
        Passes(suite.Cases[2], "OUI", "ja (german)");
        Fails(suite.Cases[2], "ja (french)");
    }

    [Fact]
    public void What_cannot_be_taken_over_is_named_with_its_line_and_nothing_is_left_of_its_test()
    {
        Assert.Equal(
            [
                (3, "prompt 'Another way: {{text}}'", "a suite asks one prompt"),
                (26, "kind", "'llm-rubric' has no counterpart"),
                (28, "half of it", "'threshold' has no counterpart"),
                (32, "test at line 32", "more than the variables"),
            ],
            PromptfooTests.Read(Configuration.Read(Config), _ => null).Left.Select(l => ((int)l.Line, l.What, new[] { "a suite asks one prompt", "'llm-rubric' has no counterpart", "'threshold' has no counterpart", "more than the variables" }.Single(w => l.Why.Contains(w, StringComparison.Ordinal)))));
    }

    [Theory]
    [InlineData("equals", "'Yes'", " Yes ", "Yes!")]
    [InlineData("not-equals", "'Yes'", "Yes!", "Yes")]
    [InlineData("starts-with", "A+", "A+ and more", "Not A+")]
    [InlineData("not-starts-with", "A", "BA", "AB")]
    [InlineData("contains", "a.c", "xa.cx", "abc")]
    [InlineData("not-contains", "a.c", "abc", "-a.c-")]
    [InlineData("contains-any", "[x, y]", "y", "Y")]
    [InlineData("contains-any", "'x, y'", "y", "z")]
    [InlineData("not-contains-any", "[x, y]", "z", "a\ny")]
    [InlineData("contains-all", "[x, y]", "y\nx", "y")]
    [InlineData("not-contains-all", "[x, y]", "y", "y x")]
    [InlineData("icontains-all", "[x, y]", "Y\nX", "y")]
    [InlineData("regex", "'^\\d+$'", "42", "42a")]
    [InlineData("not-regex", "'\\d'", "abc", "ab1")]
    [InlineData("is-json", "{ required: [a], type: object }", "{\"a\": 1}", "{\"b\": 1}")]
    public void An_assertion_means_what_it_meant(string type, string value, string right, string wrong)
    {
        var suite = PromptfooTests.Read(Configuration.Read($"prompts: [ask]\ntests:\n- assert:\n  - type: {type}\n    value: {value}\n"), _ => null);
        var one = Suite(suite).Cases[0];

        Assert.Empty(suite.Left);
        Passes(one, right);
        Fails(one, wrong);
    }

    [Fact]
    public void A_prompt_in_a_file_of_text_is_read_and_a_conversation_is_one()
    {
        const string Chat = """[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]""";
        var suite = Suite(PromptfooTests.Read(
            Configuration.Read("prompts: [ 'file://chat.json' ]\ntests:\n- { vars: { q: 'Why?' }, assert: [ { type: contains, value: x } ] }\n"), name => name == "chat.json" ? Chat : null));

        Assert.Equal(["Be brief.", "Why?"], suite.Cases[0].Messages.Select(m => m.Content));
    }

    [Theory]
    [InlineData("match", "Paris, of course", "It is Paris")]
    [InlineData("includes", "It is Paris", "paris")]
    [InlineData("fuzzy", "It is paris!", "Parisian")]
    public void A_sample_of_OpenAI_evals_is_graded_as_its_registry_says(string grade, string right, string wrong)
    {
        var suite = Suite(OpenAiEvals.Read(
            """{"input":[{"role":"system","content":"Be brief."},{"role":"system","name":"example_user","content":"Italy?"},{"role":"user","content":"France?"}],"ideal":["Paris","Paname"]}""", grade));

        Assert.Equal(["system", "user", "user"], suite.Cases[0].Messages.Select(m => m.Role));
        Passes(suite.Cases[0], right);
        Fails(suite.Cases[0], wrong);
    }

    [Fact]
    public async Task The_command_writes_a_suite_that_runs_and_lists_the_rest_by_line()
    {
        File.WriteAllLines(Path.Combine(_folder, "samples.jsonl"), ["""{"input":"2+2?","ideal":"4"}""", "", """{"input":"Which is nicer?"}""", """{"input":[{"role":"user","content":[{"type":"image_url"}]}],"ideal":"a cat"}""", "{broken"]);
        var gate = Path.Combine(_folder, "sums");

        var (code, output, errors) = await Shelled.Run("gate", "import", "openai-evals", Path.Combine(_folder, "samples.jsonl"), "--out", gate, "--strict");

        Assert.Equal(1, code);
        Assert.StartsWith("1 cases", output, StringComparison.Ordinal);
        Assert.Equal(["line 3", "line 4", "line 5"], errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(',')[0]));
        Assert.Equal(1, (int)JsonNode.Parse((await Shelled.Run("gate", "run", gate, "--dry-run", "--json")).Output)!["runs"]!);
        Assert.Equal(2, (await Shelled.Run("gate", "import", "openai-evals", Path.Combine(_folder, "samples.jsonl"), "--out", gate)).Code);
    }

    private static Suite Promptfoo() => Suite(PromptfooTests.Read(Configuration.Read(Config), _ => null));

    private static Suite Suite(ImportedSuite imported) => SuiteReader.Read("""{ "id": "x" }""", imported.Lines, _ => null);

    private static void Passes(SuiteCase asked, params string[] answers) => Assert.All(answers, a => Assert.IsType<RunOutcome.Passed>(asked.Score(ModelAnswer.Of(a))));

    private static void Fails(SuiteCase asked, params string[] answers) => Assert.All(answers, a => Assert.IsType<RunOutcome.Failed>(asked.Score(ModelAnswer.Of(a))));
}
