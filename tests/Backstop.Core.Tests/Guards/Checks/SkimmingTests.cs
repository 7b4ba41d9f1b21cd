using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;
using CsCheck;

namespace Backstop.Core.Tests.Guards.Checks;

/// <summary>What is passed over for speed hides nothing: the same checks that look at every word find the same.</summary>
public sealed class SkimmingTests
{
    private static readonly PolicyNode Nothing = PolicyNode.Parse("{}", "");

    private static readonly (ICheck Fast, ICheck Slow)[] Checks =
    [
        (PiiCheck.Create(Nothing), PiiCheck.Create(Nothing, skims: false)),
        (SecretsCheck.Create(Nothing), SecretsCheck.Create(Nothing, skims: false)),
        (ExfilUrlCheck.Create(Nothing), ExfilUrlCheck.Create(Nothing, skims: false)),
    ];

    // What words, numbers, addresses and keys are made of, in pieces small enough to meet in every way.
    private static readonly string[] Pieces =
    [
        "a", "at", "AT", "dot", "is", "i", "I", "the", "Note", "well-known", "don't", "o'", "ab", "AB", "de", "bad", "abc-", "bc1", "com", "example.com",
        "password", "token", "Bearer", "Basic", "basic", "api_key", "secret", "re", "re_", "co", "ghp", "sk-", "AKIA", "hooks.slack.com/services/T",
        "DEUTDEFF", "SWIFT", "QQ", "DE89", "tel", "phone", "SSN", "driver licence", "12", "1", "555-0143", "4111", "1111 1111 1111 1111", "536-90-4399",
        "00:1A:2B:3C:4D:5E", "aabaabaabaabaabaa", "2001:db8::1", "https://", "http", "javascript:", "//", "x.io/a?b=0123456789abcdefABCDEF99", "data:image/",
        " ", " ", " ", " ", "  ", ".", ". ", ",", ", ", ":", ": ", ";", "'", "\"", "(", ")", "[", "](", "![", "@", "_", "-", " - ", "--", "/", "=", "&", "%", "+",
        "\n", "\n\n", "é", "漢字", "😀", "\ud83d", "\u200b", "٣", "ада", "hunter2!x", "Zq8_pL0xW9rT3vB7nM2k",
        "-----BEGIN RSA PRIVATE KEY-----", "we stayed in a small inn, and the bakery was next to it. ", "one two three four five six seven eight nine ten eleven twelve, thirteen",
        "internationalisation", "MSKGDEFF", "eyJhbGciOi", "ABCDEFGHIJKLMN.atlasv1.", new('q', 60), " atmosphere", "..", " . ", ".\n",
    ];

    private static readonly Gen<string> Texts = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 40].Select(string.Concat);

    [Fact]
    public void Nothing_is_found_less_for_it() => Texts.Sample(AssertSame, iter: 20_000);

    [Fact]
    public void Nothing_is_found_less_in_public_texts()
    {
        var lines = Directory.EnumerateFiles(PublicData.Folder("pii"), "*.jsonl", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(PublicData.Folder("toxicity"), "*.jsonl", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
            .SelectMany(file => File.ReadLines(file).Take(1000)).ToList();
        Assert.True(lines.Count > 1000);
        Assert.All(lines, AssertSame);
    }

    private static void AssertSame(string text)
    {
        foreach (var (fast, slow) in Checks)
        {
            Assert.Equal(FoundIn(text, slow), FoundIn(text, fast));
        }
    }

    private static IReadOnlyList<Finding> FoundIn(string text, ICheck check)
    {
        var sink = new FindingSink("", 0);
        var session = check.Open(new CheckContext(RingContext.None, GuardStage.Output, Trust.Untrusted));
        session.Scan(new ScanWindow(text, 0, 0, final: true), sink);
        return sink.Findings;
    }
}
