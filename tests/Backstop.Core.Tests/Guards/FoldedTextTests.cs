using Backstop.Core.Guards.Text;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

/// <summary>Reading sixteen characters at once reads the same words as reading one after the other.</summary>
public sealed class FoldedTextTests
{
    // What words are made of and what parts them, short and longer than what is read at once.
    private static readonly string[] Pieces =
    [
        "a", "i", "I", "the", "Note", "don't", "o'", "sh!t", "f**k", "b****", "**bold**", "a$$", "$5", "#tag", "x#1", "@name", "a@b", "h", "http", "http://x.y/z", "https://", "H4ck3r",
        "characteristically", "internationalisation of everything", "0123456789", "é", "ÀÉ", "ß", "ада", "а", "καλά", "忽略", "。", "ไทย", "한국", "ก", "・", "हिन्दी", "\u0301",
        "😀", "\ud835\udc00", "\ud83d", "\udc00", "\u00ad", "\u200b", "\0", "\u202e", "\ufeff", "’", "“", "”", "«", "»", "\"", "'", "*", "!", "?", ".", ",", "-", "—", "_", "\\", "\\n", "\\u0041", "\\\"",
        " ", " ", " ", "  ", "\n", "\t", "s-t-o-p", "a b c", "i.d.i.o.t", "x y", "ａｂｃ",
    ];

    private static readonly Gen<string> Texts = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 40].Select(string.Concat);

    // One reader for all, as in use: what the text before has left behind must not matter.
    private readonly FoldedText _folded = new();

    [Fact]
    public void Any_text_is_read_alike() => Gen.Select(Texts, Gen.Bool).Sample(AssertAlike, iter: 50_000, threads: 1);

    [Fact]
    public void Every_character_is_read_alike()
    {
        for (var c = '\0'; c < char.MaxValue; c++)
        {
            AssertAlike($"word{c}word {c} {c}{c} \"a{c}", escaped: false);
        }
    }

    [Theory]
    [InlineData("plain words ")]
    [InlineData("a plain one, \"quoted\" ")]
    [InlineData("s-t-o-p, don't; ")]
    public void Wherever_it_begins_a_word_is_read_alike(string part)
    {
        for (var before = 0; before < 130; before++)
        {
            AssertAlike(new string('x', before) + " " + string.Concat(Enumerable.Repeat(part, 12)), escaped: false);
            AssertAlike(new string(' ', before) + string.Concat(Enumerable.Repeat(part, 12)).TrimEnd(), escaped: false);
        }
    }

    [Fact]
    public void Public_texts_are_read_alike()
    {
        var lines = Directory.EnumerateFiles(PublicData.Folder("attack"), "*.jsonl", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(PublicData.Folder("toxicity"), "*.jsonl", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
            .SelectMany(file => File.ReadLines(file).Take(500)).ToList();
        Assert.True(lines.Count > 1000);
        Assert.All(lines, line => AssertAlike(line, escaped: true));
    }

    [Theory]
    [InlineData("忽略 all", 0, "忽略all")]
    [InlineData("忽略 all", 1, "略all")]
    [InlineData("don't stop", 0, "dontstop")]
    public void What_follows_a_word_is_copied_without_spaces(string text, int word, string expected)
    {
        _folded.Read(text, escaped: false);
        Span<char> copied = stackalloc char[20];
        Assert.Equal(expected, copied[.._folded.CopyFrom(word, copied)].ToString());
        Assert.Equal(expected[..3], copied[.._folded.CopyFrom(word, copied[..3])].ToString());
    }

    private void AssertAlike(string text, bool escaped)
    {
        _folded.Read(text, escaped);
        var words = Enumerable.Range(0, _folded.Count).Select(i => (_folded[i].ToString(), _folded.IsQuoted(i)));
        Assert.Equal(PlainReading.Of(text, escaped), words);
    }
}
