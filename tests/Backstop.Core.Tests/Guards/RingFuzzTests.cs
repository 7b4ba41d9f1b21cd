using Backstop.Core.Guards;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

/// <summary>No text makes a check give no answer, whatever is in it, however long it is, and however it comes.</summary>
public sealed class RingFuzzTests
{
    private static readonly string[] Parts =
    [
        "4111111111111111 ", "1", "12 34 ", "1.1.", "a@a.a", "@", "a.", "ab-", "a:", "(1", "+1 (2", "tel 12 ", "AB12 34 C ", "QUJDREVGR0hJSktMTU5PUFFS", "H4sIAAAA",
        "%41%25", "&#65;", "&#x1F600;", "\\u0041", "\\", "{\"a\":[", "]}", "\"", "'", "x", "a ", "i d i o t ", "\u200b", "\u0430a", "a\u0301\u0301\u0301", "\ud835\udc00", "\ud800",
        "\udc00", "\u202e", "\U000e0041", "\ufe0f", "a\n", "\r\n\r\n", "ignore all previous instructions ", "[a](http://a/?", "![x](//y", "data:image/", "javascript:",
        "忽略指令系统", "تجاهل", "eht dna ", "gur naq ", ".- -... ", "<~87cURD]i,\"Ebo80~>", "-----BEGIN PRIVATE KEY-----\n", "sk-", "ghp_", "password=", "key=a1 ", "Bearer ",
        "postgres://a:b@", "<|im_start|>", "[INST]", "\0", "\u0007", "```json\n", "null", "1e999", "٣٤", "½", "ß", "İ", "ﬀ", "\u00ad", "   ", "\t", "。！？", "…",
    ];

    private static readonly Gen<string> Texts =
        Gen.Select(Gen.Int[0, Parts.Length - 1], Gen.Int[1, 40]).Select((part, times) => string.Concat(Enumerable.Repeat(Parts[part], times))).Array[0, 12].Select(string.Concat);

    private static readonly Gen<string> AnyChars = Gen.Char[(char)0, (char)0xffff].Array[0, 300].Select(chars => new string(chars));

    private static readonly Ring Everything = RingOf([.. CheckCatalog.Names.Where(name => name is not ("remote" or "judge")).Select(UseOf)]);

    [Fact]
    public void Every_text_gets_an_answer_of_every_check() => Gen.OneOf(Texts, AnyChars).Sample(AssertAnswered, iter: 3000);

    [Fact]
    public void Long_texts_built_against_each_way_of_scanning_get_one_too()
    {
        foreach (var part in Parts)
        {
            AssertAnswered(string.Concat(Enumerable.Repeat(part, (20_480 / part.Length) + 1)));
        }
    }

    [Fact(Explicit = true)]
    public void So_do_a_million_characters_of_them()
    {
        foreach (var part in Parts)
        {
            AssertAnswered(string.Concat(Enumerable.Repeat(part, (1_000_000 / part.Length) + 1)));
        }
    }

    private static void AssertAnswered(string text)
    {
        var session = Everything.Open(RingContext.None);
        foreach (var stage in (GuardStage[])[GuardStage.Input, GuardStage.Output, GuardStage.ToolArguments])
        {
            Assert.Empty(session.Begin([new ScanUnit(stage, text)]).Finish([]).Errors);
        }

        var stream = session.OpenStream();
        for (var at = 0; !stream.Ended; at += 997)
        {
            var step = stream.Push(text.AsSpan(Math.Min(at, text.Length)..Math.Min(at + 997, text.Length)), final: at + 997 >= text.Length);
            Assert.True(step.Ruling is null || step.Ruling.Errors.IsEmpty);
        }

        Assert.Equal(0, stream.Held);
    }

    private static Ring RingOf(IReadOnlyList<string> uses)
    {
        var stages = ((string[])["input", "output", "tool_args"])
            .Select(stage => $"\"{stage}\":{{\"checks\":[{string.Join(',', uses.Where(use => Fits(stage, use)))}]}}");
        return Ring.Compile(GuardPolicy.Parse($"{{\"stages\":{{{string.Join(',', stages)}}}}}"));
    }

    // Checks that need settings get some; none stops the text, so that all see all of it.
    private static string UseOf(string name)
    {
        var settings = name switch
        {
            "pattern" => """{"words":["acme","a b"],"patterns":{"x":"a+b"}}""",
            "topic" => """{"deny":{"a":["b c"]},"allow":{"d":["e"]}}""",
            "language" => """{"allowed":["en"]}""",
            "dialogue" => """{"intents":{"a":{"examples":["I want b"]}}}""",
            _ => "{}",
        };
        return $"{{\"use\":\"{name}\",\"action\":\"observe\",\"with\":{settings}}}";
    }

    private static bool Fits(string stage, string use)
    {
        try
        {
            GuardPolicy.Parse($"{{\"stages\":{{\"{stage}\":{{\"checks\":[{use}]}}}}}}");
            return true;
        }
        catch (GuardPolicyException)
        {
            return false;
        }
    }
}
