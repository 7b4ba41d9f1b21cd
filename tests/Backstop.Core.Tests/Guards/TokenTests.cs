using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards;

public sealed class TokenTests
{
    private static readonly Ring Ring = Ring.Compile(GuardPolicy.Parse(
        """
        {"stages":{"input":{"checks":[{"use":"pii","action":"fix","with":{"fix":"token"}}]},
                   "output":{"checks":[{"use":"pii","action":"fix"}]}}}
        """));

    [Fact]
    public void What_was_taken_out_of_a_request_comes_back_in_its_answer_and_nothing_else_does()
    {
        var request = RingContext.None;
        var input = Ring.Open(request).ScreenInput([ScanUnit.Input("Write to ada@example.com and bob@example.com, not ada@example.com")]);
        Assert.Equal("Write to [EMAIL_ADDRESS_1] and [EMAIL_ADDRESS_2], not [EMAIL_ADDRESS_1]", input.FixedTexts[0]);

        var answer = Ring.Open(request).ScreenOutput(ScanUnit.Output("Sent to [EMAIL_ADDRESS_1], copy to eve@example.com and [EMAIL_ADDRESS_9]"));
        Assert.Equal("Sent to ada@example.com, copy to [EMAIL_ADDRESS] and [EMAIL_ADDRESS_9]", answer.FixedText);
        Assert.Null(Ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output("Sent to [EMAIL_ADDRESS_1]")).FixedText);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void A_stream_brings_them_back_however_it_is_cut(int cut)
    {
        var request = RingContext.None;
        Ring.Open(request).ScreenInput([ScanUnit.Input("I am ada@example.com")]);
        var stream = Ring.Open(request).OpenStream();
        var (text, released) = ("[see] [EMAIL_ADDRESS_1], [EMAIL_ADDRESS_", "");
        for (var at = 0; at < text.Length; at += cut)
        {
            released += stream.Push(text.AsSpan(at, Math.Min(cut, text.Length - at)), at + cut >= text.Length).Released;
        }

        Assert.Equal("[see] ada@example.com, [EMAIL_ADDRESS_", released);
    }

    [Theory]
    [InlineData("Card 4111 1111 1111 1111.", "Card **** **** **** 1111.")]
    [InlineData("IP 10.0.0.1", "IP **.*.*.*")]
    public void A_mask_shows_the_last_characters_of_what_is_long(string text, string expected) => Assert.Equal(
        expected,
        Core.Guards.Ring.Compile(GuardPolicy.Parse("""{"stages":{"output":{"checks":[{"use":"pii","action":"fix","with":{"fix":"mask"}}]}}}"""))
            .Open(RingContext.None).ScreenOutput(ScanUnit.Output(text)).FixedText);
}
