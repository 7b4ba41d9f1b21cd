using System.Collections.Immutable;
using Backstop.Core.Prompts;
using CsCheck;

namespace Backstop.Core.Tests.Prompts;

public sealed class FingerprintTests
{
    private const string Original =
        "You answer questions about orders, deliveries and returns of our shop. Name the paragraph of the terms that you rely on, " +
        "never promise a date, and say so when you do not know. Answer in the language of the question.";

    private static readonly Gen<string> Word = Gen.Char["abcdefghij"].Array[1, 6].Select(c => new string(c));
    private static readonly Gen<string[]> Words = Word.Array[0, 60];

    [Fact]
    public void Fixed_texts_are_what_stands_between_the_tags()
    {
        Assert.Equal(
            ["You work for", "and say", "{{ this }} as it stands", "to", "."],
            LiquidText.FixedTexts(
                "You work for {{ company | default: '}}' }} and say {% raw %}{{ this }} as it stands{% endraw %} {%- comment %} not this {% endcomment -%} to {% if vip %}{{ name }}{% endif %}."));
        Assert.Equal(["an open", "that never ends"], LiquidText.FixedTexts("an open {{ tag }}that never ends {{ x"));
    }

    [Fact]
    public void A_copy_with_another_name_in_it_is_recognised_and_another_prompt_is_not()
    {
        var prints = Fingerprints.Of([Original]);
        Assert.Equal(1, Fingerprints.Share(prints, Original));
        Assert.InRange(Fingerprints.Share(prints, "SYSTEM: " + Original.ToUpperInvariant().Replace("SHOP", "BOUTIQUE", StringComparison.Ordinal) + " Be kind."), 0.6, 0.99);
        Assert.Equal(0, Fingerprints.Share(prints, "You write poems about the sea, the wind and the long way home, and never about anything else at all."));
        Assert.Equal(0, Fingerprints.Share(Fingerprints.Of(["Be brief."]), "Be brief."));
    }

    [Fact]
    public void They_are_the_same_in_every_process_and_version() => Assert.Equal(
        [3009599872199716915], Fingerprints.Of(["one two three four five six seven eight nine ten eleven twelve"]));

    [Fact]
    public void Every_run_of_eleven_words_is_recognised_wherever_it_is_put() => Gen.Select(Words, Words, Word.Array[11, 40], Words, Words).Sample(
        (before, after, shared, around, behind) =>
        {
            var prints = Fingerprints.Of([string.Join(' ', (string[])[.. before, .. shared, .. after])]);
            Assert.True(Fingerprints.Share(prints, string.Join("\n", (string[])[.. around, .. shared, .. behind])) > 0);
        },
        iter: 2000);

    [Fact]
    public void Fixed_texts_are_found_in_what_is_rendered() => Gen.Select(Word.Array[8, 20], Word, Word.Array[8, 20]).Sample(
        (first, value, second) =>
        {
            var (a, b) = (string.Join(' ', first), string.Join(' ', second));
            var prompt = new Prompt
            {
                IsTemplate = true,
                Messages = [new("system", a + " {{ x }} " + b)],
                Variables = ImmutableSortedDictionary<string, PromptVariable>.Empty.Add("x", new()),
            };
            Assert.Equal(1, Fingerprints.Share(prompt.Fingerprints, $"{a} {value} {b}"));
        },
        iter: 1000);
}
