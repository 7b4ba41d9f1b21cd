using Backstop.Core.Gates;

namespace Backstop.Core.Tests.Gates;

public sealed class FaultVariantTests
{
    private static readonly GateCase Case = new("case-1", [new("user", "first"), new("assistant", "yes"), new("user", "Write to [EMAIL_ADDRESS] about [ORDER_NUMBER], not [1].")], "42");

    [Fact]
    public void Other_words_keep_the_question_and_its_answer()
    {
        var other = FaultVariants.Reword([Case]).Single();
        Assert.Contains(Case.Messages[2].Content, other.Messages[2].Content, StringComparison.Ordinal);
        Assert.NotEqual(Case.Messages[2].Content, other.Messages[2].Content);
        Assert.Equal((Case.Messages[0], Case.Messages[1], Case.Expected), (other.Messages[0], other.Messages[1], other.Expected));
    }

    [Fact]
    public void Where_redaction_took_something_out_something_made_up_stands()
    {
        Assert.Equal("Write to kim.doe@example.com about 7315, not [1].", FaultVariants.WithSurrogates([Case])!.Value[0].Messages[2].Content);
        Assert.Null(FaultVariants.WithSurrogates([Case with { Messages = [new("user", "Nothing was taken out [here].")] }]));
    }
}
