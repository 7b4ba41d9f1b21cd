using System.Text;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks.Pii;

namespace Backstop.Core.Tests.Guards.Checks;

/// <summary>In pieces of whatever length a text comes, the same is found in it as in the whole.</summary>
/// <remarks>
/// Beside <see cref="StreamEquivalenceTests"/>, whose cuts seldom fall on the one character that tells: here every text is cut in
/// pieces of each length, so that some cut falls on nearly every character.
/// </remarks>
public sealed class PieceLengthTests
{
    private const int LongestPiece = 40;

    // Candidates that overlap, go on in one another or end in the middle, and the words that say what they are.
    private static readonly string[] Numbers =
    [
        "4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", "1111 ", "202-555-0143", "(202) 555-0143", "+1 202 555 0143", "+49 (30) / 123 456 78", "0171/1234567", "06 12 34 56 78",
        "9885 1152", "1EG4-TE5-MK72", "488839667", "C01X00T47", "A56319335", "536-90-4399", "911-70-1234", "12-3456789", "943 476 5919", "529.982.247-25", "11.222.333/0001-81", "51 824 753 556",
        "2 55 08 14 168 025 38", "49-015420-323751-8", "756.9217.0769.85", "736028/5163", "811228-9874", "131052-308T", "11010519491231002X", "AB 12 34 56 C", "S1234567D", "X-1234567-L", "12345678Z",
        "ABCPE1234F", "RSSMRA85T10A562S", "1M8GDM9AXKP042788", "DEUTDEFF500", "DE136695976", "DE89 3704 0044 0532 0130 00", "192.0.2.7", "10.0.0.1/24", "2001:db8::1", "00:1A:2B:3C:4D:5E",
        "001a.2b3c.4d5e", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "0x", "ada@example.com", "o'brien@example.co.uk", "ada (at) example (dot) com",
        "ada AT example DOT co DOT uk", "bob[at]example.com", "12/05/1984", "4821", "123", "12", "1", "٣", "12 A", "12 AB", " A ", "12.5", "1-2-3", "000123456789",
    ];

    private static readonly string[] Words =
    [
        "passport ", "Passport no. ", "driver's licence ", "phone ", "call me: ", " office", " fax", "SSN ", "account ", "ITIN ", "medicare ", "version ", "IP ", "DOB: ", "cvv ", "PIN ", "VAT ", "SWIFT: ",
        "VIN ", "DEA ", "RFC: ", "steuer ", "NHS ", "Note ", "a", "A", "AB ", "the ", "at ", "dot ", "com ", "x", "don't ", "well-known ", "{\"id\": ", "{\"id\":",
    ];

    // Keys, addresses that carry something, and what cannot be seen.
    private static readonly string[] Others =
    [
        "ORD-88213 ", "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", "AKIAIOSFODNN7EXAMPLQ ", "sk-", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx", ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "password: ", "password is ",
        "password   ", "api_key=\"", "token", "Bearer ", "basic ", "hunter2!x9 ", "Zq8_pL0xW9rT3vB7nM2k", "postgres://u:pw123@", "https://u:", "-----BEGIN ", "RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA\n",
        "-----END", "![a](", "https://evil.test/", "?d=c2VjcmV0IHRleHQgb2Y0Mjc3", "[", "]", "](", "](javascript:x)", "<img src=\"", "//", "data:", "data:image/", "mailto:", "\u200b", "\u00ad", "\u202e", "\ufe0f\ufe0f",
        "\U000e0041", "\U000e0067", "\U000e007f", "🏴", "p\u0430ypal", "\u0301\u0302\u0303\u0304\u0305\u0306", "\n\n", "\ud83d", "\\", new('q', 47), new('a', 63), new('Z', 125), new(' ', 60),
    ];

    private static readonly string[] Signs =
        [" ", " ", " ", " ", "  ", ".", ". ", ", ", "-", " - ", "/", " / ", ":", "(", ")", ") ", "[", "'", "&", "@", "_", "%", "+", "<", "\n", "\u00a0", "\u2011", "é", "漢", "😀", "\""];

    // How far recognisers read, with the signs between or without them.
    private static readonly int[] Reaches = [9, 14, 17, 18, 24, 24, 34, 39, 40, 48, 64];

    private static readonly string[] Ends = [" A", " AB", " AB ", "_", "@", "x", ":", ":z", ".", "-A", "", " ", "é"];

    public static TheoryData<string> Checks => ["pii", "secrets", "exfil_url", "hidden_text", "identifiers"];

    // A letter that ended a piece was taken for a word, a colon for the end of an address, and the name of a value was out of sight.
    public static TheoryData<string> OnceDifferent =>
    [
        "٣00:1A < 0x4111 1111 1111 1111 passport  1EG4-TE5-MK72 4111 1111 1111 1111202-555-0143 12 AB com 12",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334:5",
        $"{{\"card\":{new string(' ', 200)}4111111111111111}}",
    ];

    [Theory]
    [MemberData(nameof(OnceDifferent))]
    public void What_once_differed_does_so_no_more(string text) => AssertSame(RingOf("pii"), text);

    [Theory]
    [MemberData(nameof(Checks))]
    public void The_same_is_found_in_pieces_of_every_length(string check)
    {
        var (ring, luck) = (RingOf(check), new Random(1));
        for (var i = 0; i < 400; i++)
        {
            AssertSame(ring, Text(luck, check));
        }
    }

    private static Ring RingOf(string check) =>
        OneCheck.Ring(check, "fix", check == "pii" ? $$"""{"types":["{{string.Join("\",\"", PiiTypes.All)}}"]}""" : "{}");

    private static string Text(Random luck, string check) => string.Concat(Enumerable.Range(0, luck.Next(2, 10)).Select(_ => Fragment(luck, check)));

    // Now and then only the beginning or the end of one.
    private static string Fragment(Random luck, string check)
    {
        var fragments = luck.Next(check == "pii" ? 4 : 8) switch { 0 => Numbers, 1 => Words, 2 => Signs, 3 => [Row(luck)], _ => Others };
        var fragment = fragments[luck.Next(fragments.Length)];
        return luck.Next(8) switch
        {
            0 => fragment[..luck.Next(fragment.Length)],
            1 => fragment[luck.Next(fragment.Length)..],
            _ => fragment,
        };
    }

    // Groups of digits, and now and then of letters, that go on just about as far as some recogniser reads, and what may follow there.
    private static string Row(Random luck)
    {
        var sign = " -.:/ "[luck.Next(6)];
        var (characters, countsSigns) = (luck.Next(3) switch { 0 => "abcdef0123456789", 1 => "ABX0123456789", _ => "0123456789" }, luck.Next(2) == 0);
        var (row, left) = (new StringBuilder(), Reaches[luck.Next(Reaches.Length)] + luck.Next(-1, 2));
        for (var (size, ofGroup) = (luck.Next(1, 6), luck.Next(2, 6)); left > 0; size--, left--)
        {
            if (size == 0)
            {
                row.Append(luck.Next(12) == 0 ? ' ' : sign);
                size = luck.Next(4) == 0 ? luck.Next(1, 6) : ofGroup;
                left -= countsSigns ? 1 : 0;
            }

            row.Append(characters[luck.Next(characters.Length)]);
        }

        return row.Append(Ends[luck.Next(Ends.Length)]).ToString();
    }

    private static void AssertSame(Ring ring, string text)
    {
        var ruling = ring.Screen(text);
        var whole = Told(ruling, ruling.FixedText ?? text);
        for (var length = 1; length <= LongestPiece; length++)
        {
            var (released, streamed, _) = ring.Stream(text, [length]);
            if (Told(streamed, released) is var pieces && pieces != whole)
            {
                Assert.Fail($"In pieces of {length}: {pieces}\nWhole: {whole}\nText: {text}");
            }
        }
    }

    private static string Told(Ruling ruling, string delivered) =>
        $"{string.Join(", ", ruling.Findings.Select(finding => $"{finding.Rule} {finding.Start}+{finding.Length}"))} in: {delivered}";
}
