using System.Text.Json;
using Backstop.Core.Registry;
using CsCheck;

namespace Backstop.Core.Tests.Registry;

/// <summary>Vectors of RFC 8785: numbers of appendix B, strings of section 3.2.2, the order of section 3.2.3.</summary>
public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0xc340000000000000, "-9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555554, "333333333.33333325")]
    [InlineData(0x41b3de4355555555, "333333333.3333333")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void A_number_is_written_as_ECMAScript_writes_it(ulong bits, string expected) =>
        Assert.Equal(expected, CanonicalJson.Of(BitConverter.UInt64BitsToDouble(bits).ToString("R")));

    [Fact]
    public void Every_number_reads_back_as_itself() => Gen.Double.Where(double.IsFinite).Sample(
        x => Assert.Equal(x, double.Parse(CanonicalJson.Of(x.ToString("R")))), iter: 20_000);

    [Fact]
    public void Strings_are_escaped_no_more_than_needed() => Assert.Equal(
        "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"",
        CanonicalJson.Of("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\""));

    [Fact]
    public void Keys_are_sorted_by_code_units() => Assert.Equal(
        "{\"\\r\":1,\"1\":2,\"\u0080\":3,\"ö\":4,\"€\":5,\"\ud83d\ude00\":6,\"\ufb33\":7}",
        CanonicalJson.Of("{\"\\u20ac\":5,\"\\r\":1,\"\\ufb33\":7,\"1\":2,\"\\ud83d\\ude00\":6,\"\\u0080\":3,\"\\u00f6\":4}"));

    [Fact]
    public void White_space_and_the_order_of_keys_change_no_digest() => Assert.Equal(
        CanonicalJson.Digest(CanonicalJson.Of("{\"b\":[1.0,true,null],\"a\":{}}")),
        CanonicalJson.Digest(CanonicalJson.Of(" { \"a\" : { } , \"b\" : [ 1 , true , null ] } ")));

    [Theory]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("1e400")]
    [InlineData("{\"a\":1,}")]
    [InlineData("/* no */ 1")]
    public void What_has_no_single_meaning_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => CanonicalJson.Of(json));
}
