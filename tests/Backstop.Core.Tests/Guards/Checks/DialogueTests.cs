using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards.Checks;

public sealed class DialogueTests
{
    private static readonly Ring Rails = Ring.Compile(GuardPolicy.Parse(
        """
        {"stages":{"input":{"checks":[{"use":"dialogue","action":"refuse","with":{"intents":{
            "order_number":{"step":true,"examples":["my order number is AB-1234","the order is number 5521"]},
            "refund":{"after":"order_number","answer":"Please tell me your order number first.","examples":["I want my money back","please refund my order","can I get a refund"]},
            "legal":{"answer":"I give no legal advice.","examples":["can I sue you for this","I will take you to court","do you need a lawyer for that"]},
            "delivery":{"step":true,"examples":["when does my order arrive","where is my parcel","has my order been sent"]}}}}]}}}
        """));

    [Theory]
    [InlineData("Please give me my money back!", "refund")]
    [InlineData("Could I get a refund for this order?", "refund")]
    [InlineData("I could take you to court for that.", "legal")]
    [InlineData("Hello there. I want my money back. Thanks.", "refund")]
    [InlineData("When does my order arrive?", null)]
    [InlineData("Where is my parcel now?", null)]
    [InlineData("Can I pay with my card for this order?", null)]
    [InlineData("Which colours does the jacket come in?", null)]
    [InlineData("Tell me a story about a dragon and a clever fox.", null)]
    [InlineData("", null)]
    public void What_is_wanted_is_known_by_examples(string text, string? intent) =>
        Assert.Equal(intent, Screen(text).Findings.Select(finding => finding.Rule).SingleOrDefault());

    [Fact]
    public void An_intent_has_its_own_answer() => Assert.Equal("I give no legal advice.", Screen("Can I sue you for this?").SafeText);

    [Fact]
    public void What_must_come_first_may_have_come_in_an_earlier_message()
    {
        const string Wish = "I want my money back.";
        Assert.True(Screen(Wish).Stops);
        Assert.False(Screen(Wish, "My order number is AB-7781.").Stops);
        Assert.True(Screen(Wish, "What a nice day.").Stops);
    }

    [Theory]
    [InlineData("""{"intents":{}}""", "needs 'intents'")]
    [InlineData("""{"intents":{"a":{"examples":[]}}}""", "needs 'examples'")]
    [InlineData("""{"intents":{"refund":{"examples":["x"],"after":"ordr"},"order":{"step":true,"examples":["y"]}}}""", "Did you mean 'order'?")]
    [InlineData("""{"intents":{"a":{"examples":["x"],"step":true,"answer":"b"}}}""", "is a step")]
    [InlineData("""{"intents":{"a":{"examples":["x"],"route":"b:prod","answer":"b"}}}""", "not both")]
    [InlineData("""{"intents":{"a":{"examples":["x"]}},"guard":"g"}""", "set 'threshold'")]
    public void What_could_not_work_is_refused(string with, string reason) => Assert.Contains(
        reason,
        Assert.Throws<GuardPolicyException>(() => GuardPolicy.Parse("""{"stages":{"input":{"checks":[{"use":"dialogue","with":WITH}]}}}""".Replace("WITH", with, StringComparison.Ordinal))).Message,
        StringComparison.Ordinal);

    private static Ruling Screen(string text, params string[] earlier)
    {
        var messages = earlier.Append(text).Select((message, index) => ScanUnit.Input(message, "user", index)).ToList();
        return Rails.Open(new RingContext("") { Messages = messages }).ScreenInput([messages[^1]]);
    }
}
