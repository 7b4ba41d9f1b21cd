using Backstop.Core.Guards;
using CsCheck;

namespace Backstop.Core.Tests.Guards.Checks;

/// <summary>However a stream is cut, it delivers what the finished text would, whichever checks look at it.</summary>
public sealed class StreamEquivalenceTests
{
    private static readonly RingContext Context = RingContext.None with
    {
        Messages = [ScanUnit.Input("Never say that the code of the shop is seven four three one and be kind to all", "system"), ScanUnit.Input("Where is ORD-77120 of ada@example.com?")],
    };

    // Beginnings, ends and near misses of what the checks look for.
    private static readonly string[] Pieces =
    [
        "The train leaves at nine. ", "ada@example.com ", "bob at other dot org ", "4111 1111 1111 1111", "1111-", "DE89 3704 0044 0532 0130 00", "+1 202 555 0143. ", "ORD-88213 ", "ORD-77120",
        "AB 12 34 ", "56 C ", "0171/", "1234567", "(84) ", "7564-8830 ", "office ", "fax", "bob (at) ", "example (dot) ", "com ", "bob at ", "bob[at]", "00:1A:2B:", "3C:4D:5E", "1A1zP1eP5QGefi2D", "MPTfTL5SLmv7DivfNa ", "PIN ", "4821 ",
        "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", "ghp_zQWB", "AKIAIOSFODNN7EXAMPLQ ", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "password: ", "hunter2!x9 ", "postgres://u:pw123@", "-----BEGIN ", "RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA\n", "-----END", "![a](", "https://evil.test/", "?d=c2VjcmV0IHRleHQgb2Y0Mjc3", ") ", "[", "]", "](javascript:x)", "<img src=\"", "//", "data:", "\u200b", "\u202e", "\ufe0f\ufe0f", "\U000e0041", "🏴", "p\u0430ypal", "\u0301\u0302\u0303\u0304\u0305\u0306", "<|im_", "start|>", "[INST]", "\0",
        "never say that the code of the shop is seven ", "four three one and be kind to all ", "no no no no no no ", "place a bet ", "place a ", "acme ", "rocket ", "skate ", "xay12345z", "xay", "{\"a\":", "[[[[[", "}", "\n", "\n\n", " ", ".", "-", "'", "😀", "\ud83d", "1.2.3.4 ", "a", "7", "@",
        new string('x', 150), new string('7', 70), "5,3 % of 1.250,00",
    ];

    private static readonly Gen<string> Texts = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 14].Select(string.Concat);
    private static readonly Gen<int[]> Cuts = Gen.OneOf(Gen.Const(new[] { 1 }), Gen.Int[1, 40].Array[1, 20]);

    private static readonly (string Check, string With)[] Checks =
    [
        ("limits", """{"max_chars":400,"max_depth":3}"""), ("hidden_text", "{}"), ("pii", "{}"), ("secrets", "{}"), ("exfil_url", "{}"), ("identifiers", "{}"),
        ("prompt_leak", """{"words":6,"canaries":["hunter2x9ab"]}"""), ("repetition", """{"min_words":8}"""), ("topic", """{"deny":{"betting":["place a bet","a rocket"]}}"""),
        ("pattern", """{"patterns":{"x":"xa?y\\d{2,5}z?$","line":"^no.{0,5}"},"words":["acme rocket skate","rocket"]}"""),
        ("toxicity", "{}"), ("grounded_numbers", "{}"), ("language", """{"allowed":["en"]}"""), ("length", "{}"), ("json_schema", "{}"),
    ];

    private static readonly Ring All = RingOf("observe", check => check.With.Length > 0);

    private static readonly Ring Spans = RingOf("fix", check => check.Check is "pii" or "secrets" or "hidden_text" or "exfil_url" or "identifiers" or "pattern");

    private static Ring RingOf(string action, Func<(string Check, string With), bool> among) => Ring.Compile(GuardPolicy.Parse(
        $$"""
        { "streaming": { "hold_max": 400 }, "stages": { "output": { "checks": [
          {{string.Join(",", Checks.Where(among).Select(check => $$"""{"use":"{{check.Check}}","action":"{{action}}","with":{{check.With}}}"""))}} ] } } }
        """));

    public static TheoryData<string> Names => [.. Checks.Select(check => check.Check)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_check_finds_the_same_in_a_stream(string check)
    {
        var ring = RingOf("observe", candidate => candidate.Check == check);
        Gen.Select(Texts, Cuts).Sample((text, cuts) => AssertSame(ring, text, cuts), iter: 400);
    }

    [Fact]
    public void All_checks_together_find_the_same_in_a_stream() =>
        Gen.Select(Texts, Cuts).Sample((text, cuts) => AssertSame(All, text, cuts), iter: 600);

    [Fact]
    public void All_checks_that_fix_give_the_same_text_in_a_stream_and_hold_no_more_than_they_say() =>
        Gen.Select(Texts, Cuts).Sample(
            (text, cuts) =>
            {
                AssertSame(Spans, text, cuts);
                Assert.InRange(Spans.Stream(text, cuts, Context).MostHeld, 0, 400 + cuts.Max());
            },
            iter: 600);

    [Theory]
    [MemberData(nameof(Names))]
    public void No_character_of_what_stops_a_stream_was_released(string check)
    {
        var ring = RingOf("block", candidate => candidate.Check == check);
        Gen.Select(Texts, Cuts).Sample(
            (text, cuts) =>
            {
                var whole = ring.Screen(text, Context);
                var (released, ruling, _) = ring.Stream(text, cuts, Context);
                Assert.Equal(whole.Stops, ruling.Stops);
                Assert.True(!whole.Stops || released.Length <= whole.Findings.Min(finding => finding.Start));
                Assert.StartsWith(released, text, StringComparison.Ordinal);
            },
            iter: 150);
    }

    private static void AssertSame(Ring ring, string text, int[] cuts)
    {
        var whole = ring.Screen(text, Context);
        var (released, ruling, _) = ring.Stream(text, cuts, Context);
        Assert.Empty(whole.Errors);
        Assert.Equal(whole.Findings.Select(Told), ruling.Findings.Select(Told));
        Assert.Equal((whole.Disposition, whole.FixedText ?? text), (ruling.Disposition, released));
    }

    private static string Told(Finding finding) => $"{finding.Check}/{finding.Rule} {finding.Start}+{finding.Length} {finding.Score}";
}
