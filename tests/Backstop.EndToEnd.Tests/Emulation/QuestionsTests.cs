using Backstop.Core.Guards.Classifiers;
using Backstop.Emulation;

namespace Backstop.EndToEnd.Tests.Emulation;

public class QuestionsTests
{
    [Theory]
    [InlineData("What is 17 + 25?", "42")]
    [InlineData("What is 980 times 3?", "2940")]
    [InlineData("What is 12 minus 30?", "-18")]
    [InlineData("What is 15 percent of 90?", "13.5")]
    [InlineData("A crate holds 24 bottles, and 3 bottles are already out. How many bottles are in 13 full crates?", "312")]
    [InlineData("What is the remainder when 100 is divided by 7?", "2")]
    [InlineData("Which date is 45 days after 2024-01-31?", "2024-03-16")] // A leap year.
    [InlineData("How many days are there from 2025-12-30 to 2026-01-02?", "3")]
    [InlineData("Which day of the week is 2026-07-04?", "Saturday")]
    [InlineData("Convert 3.5 inches to centimetres.", "8.89")]
    [InlineData("Convert 2 days to hours.", "48")]
    [InlineData("What is 100 degrees Celsius in Fahrenheit?", "212")]
    [InlineData("Write the word \"pencil\" backwards.", "licnep")]
    [InlineData("How many letters are in the word \"lighthouse\"?", "10")]
    [InlineData("Write the word \"violin\" in capital letters.", "VIOLIN")]
    public void A_question_is_found_inside_a_prompt_and_has_its_right_answer(string text, string answer)
    {
        var question = Questions.Find($"Good morning! {text} Thank you.");

        Assert.Equal(text, question?.Text);
        Assert.Equal(answer, question?.Answer);
    }

    [Theory]
    [InlineData("Hello there, how are you?")]
    [InlineData("Which day of the week is 2026-13-40?")]
    [InlineData("Convert 3 parsecs to ångströms.")]
    [InlineData("What is the remainder when 5 is divided by 0?")]
    public void A_prompt_without_an_answerable_question_has_none(string prompt)
    {
        Assert.Null(Questions.Find(prompt));
    }

    [Fact]
    public void Every_question_asked_is_found_again_and_its_wrong_answers_are_wrong()
    {
        for (var n = 0; n < 2_000; n++)
        {
            var dice = Dice.For(seed: 3, n);
            var question = Questions.Next(dice);
            var wrong = question.WrongAnswer(dice);

            Assert.Equal(question, Questions.Find($"Please: {question.Text}"));
            Assert.True(question.IsAnsweredBy(BrokenJson.Whole(question.Answer, "why")), question.Text);
            Assert.False(question.IsAnsweredBy(BrokenJson.Whole(wrong, "why")), $"{question.Text} {wrong}");
        }
    }

    [Fact]
    public void No_question_of_the_crowd_looks_like_an_attack()
    {
        var parts = new List<ScoredPart>();
        for (var n = 0; n < 5_000; n++)
        {
            var question = Questions.Next(Dice.For(seed: 5, n)).Text;
            parts.Clear();
            InjectionClassifier.Shared.Score(question, parts);

            Assert.True(parts.All(part => part.Score < InjectionClassifier.Shared.Threshold), question);
        }
    }

    [Fact]
    public void A_number_counts_as_the_same_number_however_it_is_written_and_broken_json_never_counts()
    {
        var question = Questions.Find("What is 17 + 25?")!;

        Assert.True(question.IsAnsweredBy("""{"answer": " 42.0 ", "explanation": ""}"""));
        Assert.False(question.IsAnsweredBy("""{"answer": 42, "explanation": ""}"""));
        Assert.False(question.IsAnsweredBy("""{"answer": "42", """));
        Assert.False(question.IsAnsweredBy("42"));
    }
}
