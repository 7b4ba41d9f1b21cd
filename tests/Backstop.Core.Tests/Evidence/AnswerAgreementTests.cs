using Backstop.Core.Evidence;

namespace Backstop.Core.Tests.Evidence;

public sealed class AnswerAgreementTests
{
    [Theory]
    [InlineData("", "", 1)]
    [InlineData("", "nine", 0)]
    [InlineData("Nine.", "nine", 1)]
    [InlineData("The answer is nine.", "nine is the answer", 1)]
    [InlineData("nine", "ten", 0)]
    [InlineData("nine nine", "nine", 2.0 / 3)]
    [InlineData("it is nine", "it was ten", 1.0 / 3)]
    public void Agreement_is_the_share_of_words_that_both_have(string one, string other, double expected)
    {
        Assert.Equal(expected, AnswerAgreement.Between(one, other), 10);
        Assert.Equal(expected, AnswerAgreement.Between(other, one), 10);
    }
}
