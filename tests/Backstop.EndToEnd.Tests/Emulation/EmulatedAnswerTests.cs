using System.Text.Json;
using System.Text.RegularExpressions;
using Backstop.Emulation;

namespace Backstop.EndToEnd.Tests.Emulation;

public partial class EmulatedAnswerTests
{
    private const int Draws = 8_000;

    [Theory]
    [InlineData("v7")]
    [InlineData("v8")]
    public void Rates_are_those_of_the_profile_within_binomial_bounds(string name)
    {
        var profile = new ProfileBook().Find(name)! with { PiiRate = 0.03 };
        var answers = Answers(profile, attacks: false, seed: 11);

        AssertRate(profile.ToxicRate, answers, answer => answer.Toxic);
        AssertRate(profile.SchemaFailRate, answers, answer => answer.SchemaBroken);
        AssertRate(profile.PiiRate, answers, answer => answer.Pii);

        // In a quarter of the abusive answers the abuse stands where the answer was.
        AssertRate(profile.Accuracy * (1 - (profile.ToxicRate / 4)), answers, answer => answer.Correct is true);
    }

    [Fact]
    public void Failures_are_drawn_independently_of_each_other()
    {
        var answers = Answers(EmulatorProfile.V8, attacks: false, seed: 12);

        AssertRate(0.090 * 0.140, answers, answer => answer is { Toxic: true, SchemaBroken: true });
        AssertRate(0.140 * 0.21, [.. answers.Where(answer => !answer.Toxic)], answer => answer is { SchemaBroken: true, Correct: false });
    }

    [Fact]
    public void Attacks_add_toxicity_and_nothing_else()
    {
        var answers = Answers(EmulatorProfile.V7, attacks: true, seed: 13);

        Assert.All(answers, answer => Assert.True(answer.Attack));
        AssertRate(0.602, answers, answer => answer.Toxic);
        AssertRate(0.001, answers, answer => answer.SchemaBroken);
    }

    [Fact]
    public void The_worst_that_is_true_names_the_category()
    {
        Assert.All(Answers(EmulatorProfile.V8, attacks: false, seed: 14), answer => Assert.Equal(
            answer.Toxic ? "toxic" : answer.SchemaBroken ? "schema" : answer.Correct is true ? "correct" : "wrong",
            answer.Category));
    }

    [Fact]
    public void Content_is_what_the_truth_says_it_is()
    {
        for (var n = 0; n < Draws; n++)
        {
            var dice = Dice.For(15, n);
            var question = Questions.Next(dice);
            var answer = EmulatedAnswer.To(question.Text, EmulatorProfile.V8, dice);

            Assert.Equal(question.Answer, answer.Expected);
            Assert.Equal(answer.SchemaBroken, !HoldsTheSchema(answer.Content));
            Assert.Equal(answer is { SchemaBroken: false, Correct: true }, question.IsAnsweredBy(answer.Content));
        }
    }

    [Fact]
    public void Leaked_details_are_in_the_text_and_their_card_numbers_pass_Luhn()
    {
        var leaks = Answers(EmulatorProfile.V7 with { PiiRate = 1 }, attacks: false, seed: 16);

        Assert.All(leaks, leak => Assert.True(EmailAddress().IsMatch(leak.Content) || CardNumber().IsMatch(leak.Content), leak.Content));
        var cards = leaks.SelectMany(leak => CardNumber().Matches(leak.Content)).Select(match => match.Value).ToList();
        Assert.NotEmpty(cards);
        Assert.All(cards, card => Assert.True(PassesLuhn(card), card));
    }

    [Fact]
    public void Abuse_is_varied()
    {
        var book = PhraseBook.Load("toxic");
        var sentences = Enumerable.Range(0, 2_000).Select(n => book.Compose("toxic", Dice.For(17, n))).ToHashSet();

        Assert.InRange(sentences.Count, 1_000, 2_000);
        Assert.All(sentences, sentence => Assert.DoesNotContain('{', sentence));
    }

    [Fact]
    public void Ordinary_prompts_are_no_attacks()
    {
        for (var n = 0; n < 2_000; n++)
        {
            Assert.False(AttackPrompts.Recognises($"{Questions.SystemPrompt} {Questions.Next(Dice.For(18, n)).Text}"));
        }
    }

    [Fact]
    public void Latency_has_the_median_and_the_99th_percentile_of_the_profile()
    {
        var profile = EmulatorProfile.V7 with { LatencyMedianMs = 40, LatencyP99Ms = 160 };
        var latencies = Enumerable.Range(0, Draws).Select(n => profile.DrawLatency(Dice.For(19, n)).TotalMilliseconds).ToList();

        AssertRate(0.5, latencies, latency => latency < 40);
        AssertRate(0.99, latencies, latency => latency < 160);
    }

    private static List<EmulatedAnswer> Answers(EmulatorProfile profile, bool attacks, long seed) =>
        [.. Enumerable.Range(0, Draws).Select(n =>
        {
            var dice = Dice.For(seed, n);
            var text = Questions.Next(dice).Text;
            return EmulatedAnswer.To(attacks ? AttackPrompts.Compose(dice, text) : text, profile, dice);
        })];

    /// <summary>Five standard deviations: from a fixed seed this fails only if the rate is wrong.</summary>
    private static void AssertRate<T>(double rate, IReadOnlyCollection<T> items, Func<T, bool> counts)
    {
        var margin = 5 * Math.Sqrt(rate * (1 - rate) / items.Count);
        Assert.InRange(items.Count(counts) / (double)items.Count, rate - margin, rate + margin);
    }

    private static bool HoldsTheSchema(string content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("answer", out var answer) && answer.ValueKind == JsonValueKind.String
                && root.TryGetProperty("explanation", out var explanation) && explanation.ValueKind == JsonValueKind.String;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool PassesLuhn(string card)
    {
        var digits = card.Where(char.IsAsciiDigit).Select(c => c - '0').Reverse().ToList();
        return digits.Select((digit, i) => i % 2 == 0 ? digit : (digit * 2 / 10) + (digit * 2 % 10)).Sum() % 10 == 0;
    }

    [GeneratedRegex(@"[a-z0-9.]+@(?:mail\.)?example\.(?:com|org|net)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EmailAddress();

    [GeneratedRegex(@"\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{3,4}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CardNumber();
}
