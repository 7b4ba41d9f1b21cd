using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards.Checks;

public sealed class GroundedTests
{
    private static readonly Ring Identifiers = OneCheck.Ring("identifiers", "fix");
    private static readonly Ring Numbers = OneCheck.Ring("grounded_numbers");

    private static RingContext Said(params string[] texts) =>
        RingContext.None with { Messages = [.. texts.Select(text => ScanUnit.Input(text))] };

    [Theory]
    [InlineData("Your order ORD-88213 is on its way.", "Your order [IDENTIFIER] is on its way.")]
    [InlineData("Write to bob@other.example about 12345678.", "Write to [IDENTIFIER] about [IDENTIFIER].")]
    [InlineData("Your order ord 77120 and ORD-77120 are one.", null)]
    [InlineData("In 2024 we sold 1,250 of HTTP2 at 10:30.", null)]
    public void An_identifier_the_request_never_mentioned_is_found(string answer, string? expected) =>
        Assert.Equal(expected, Identifiers.Fixed(answer, Said("Where is my order ORD-77120?")));

    [Fact]
    public void Only_the_formats_of_the_policy_count_where_it_names_some()
    {
        var ring = OneCheck.Ring("identifiers", with: """{"formats":["ORD-[0-9]{5}"],"allowed":["ORD-0{5}"]}""");
        Assert.Single(ring.Rules("ORD-88213, ORD-00000 and AB-88213", Said("Where is it?")));
    }

    [Theory]
    [InlineData("The refund is 250 euros.", 1)]
    [InlineData("The refund is $25.50, that is 10% of 255.", 0)]
    [InlineData("1. Pay 255\n2. Wait 3 days", 0)]
    [InlineData("You get 1.250,00 back", 0)]
    public void A_number_no_document_mentions_is_found(string answer, int expected) =>
        Assert.Equal(expected, Numbers.Rules(answer, Said("The price was 255 EUR; 10% are refunded: 25,5.", "Total 1,250.00")).Length);
}
