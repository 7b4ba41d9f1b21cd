using Backstop.Core.Prompts;
using Backstop.Core.Registry;

namespace Backstop.Core.Tests.Prompts;

public sealed class PromptTests
{
    [Fact]
    public void A_system_text_is_sent_as_it_stands()
    {
        var prompt = Prompt.Parse("""{ "system": "Answer {{ in }} JSON." }""");
        Assert.False(prompt.IsTemplate);
        Assert.Equal([new PromptMessage("system", "Answer {{ in }} JSON.")], prompt.Messages);
    }

    [Fact]
    public void A_template_declares_its_variables()
    {
        var prompt = Prompt.Parse("""
            { "messages": [ { "role": "system", "content": "For {{ company }}, {{ tone }}." } ],
              "variables": { "company": null, "tone": { "default": "polite", "example": "dry" } } }
            """);
        Assert.True(prompt.IsTemplate);
        Assert.True(prompt.Variables["company"].IsRequired);
        Assert.Equal(new PromptVariable(Default: "\"polite\"", Example: "\"dry\""), prompt.Variables["tone"]);
    }

    [Theory]
    [InlineData("""{ "sistem": "x" }""", "Did you mean 'system'?")]
    [InlineData("""{ "system": 4 }""", "prompt.system must be a JSON string")]
    [InlineData("""{ "system": "x", "variables": {} }""", "takes no variables")]
    [InlineData("""{ "variables": {} }""", "nothing uses them")]
    [InlineData("""{ "messages": [] }""", "has 0 messages")]
    [InlineData("""{ "messages": [ { "role": "boss", "content": "x" } ] }""", "role is 'boss'")]
    [InlineData("""{ "messages": [ { "role": "user" } ] }""", "'content' is missing")]
    [InlineData("""{ "messages": [ { "role": "user", "content": "x" } ], "variables": { "a-b": {} } }""", "is not a name")]
    [InlineData("""{ "messages": [ { "role": "user", "content": "x" } ], "variables": { "a": { "defualt": 1 } } }""", "Did you mean 'default'?")]
    [InlineData("""{ "system": "x" """, "not valid JSON")]
    public void What_makes_no_sense_is_said_where_it_stands(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<PromptException>(() => Prompt.Parse(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_release_carries_its_prompt()
    {
        var parsed = Release.Parse("v1", """{ "serving": { "model": "m", "replicas": ["http://127.0.0.1:1"] }, "prompt": { "system": "Be brief." } }""");
        Assert.Equal("Be brief.", Assert.IsType<ReleaseResult.Parsed>(parsed).Release.Prompt!.Messages[0].Text);
    }
}
