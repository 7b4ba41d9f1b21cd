using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Backstop.Core.Inputs;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Tests.Inputs;

public sealed class KnownPromptsTests
{
    // Where it need not be.
    private static readonly JsonSerializerOptions Unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData("")]
    [InlineData("Be brief.")]
    [InlineData("Sé breve, \"please\".\n")]
    public void Words_have_one_hash_and_one_text_however_they_are_written(string words)
    {
        string[] written = [JsonSerializer.Serialize(words), JsonSerializer.Serialize(words, Unescaped)];
        foreach (var quoted in written.Concat(written).Select(Encoding.UTF8.GetBytes))
        {
            Assert.Equal(PromptFingerprint.HashOf(Encoding.UTF8.GetBytes(words)), KnownPrompts.HashOf(quoted));
            Assert.Equal(words, KnownPrompts.TextOf(quoted));
        }
    }

    [Fact]
    public void The_words_of_the_system_are_one_text_in_memory_for_all_requests_that_begin_with_them()
    {
        Assert.Same(Read("Be brief, and say so.").Texts[0].Text, Read("Be brief, and say so.").Texts[0].Text);
        Assert.Equal("Be brief, and say sO.", Read("Be brief, and say sO.").Texts[0].Text);
    }

    private static ModelRequest Read(string words) => ModelRequest.Read(
        BodyBytes.Own(Encoding.UTF8.GetBytes($$"""{"model":"a","messages":[{"role":"system","content":"{{words}}"},{"role":"user","content":"Why?"}]}""")), Dialect.Chat);
}
