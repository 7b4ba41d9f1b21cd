using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards.Work;

/// <summary>Every local check takes steps in proportion to the length of a text, also of one that was built against it.</summary>
public sealed class LinearWorkTests
{
    // Steps for one character, of one check: calls, turns of loops and characters searched. Most texts take a tenth of it.
    private const int MostSteps = 400;

    public static TheoryData<string> Checks => new(HostileTexts.Checks.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Checks))]
    public void Twenty_thousand_characters_built_against_a_check_take_it_steps_in_proportion(string check) => AssertLinear(check, 20_480);

    [Theory(Explicit = true)]
    [MemberData(nameof(Checks))]
    public void A_million_characters_take_it_no_more_for_each(string check) => AssertLinear(check, 1_000_000);

    [Theory]
    [MemberData(nameof(Checks))]
    public void An_answer_in_pieces_of_four_takes_steps_in_proportion(string check)
    {
        var (stage, policy) = HostileTexts.Checks[check];
        if (stage == "output")
        {
            AssertLinear(check, 20_480, piece: 4);
        }
    }

    [Theory]
    [MemberData(nameof(Checks))]
    public void The_counter_misses_no_character(string check)
    {
        var (stage, policy) = HostileTexts.Checks[check];
        Assert.True(check == "spotlight" || StepCounter.Of(policy, stage, HostileTexts.Of("a1 ", 4000)) >= 4000);
    }

    private static void AssertLinear(string check, int length, int piece = 0)
    {
        var (stage, policy) = HostileTexts.Checks[check];
        var all = HostileTexts.Parts.Select(part => (part, steps: Each(StepCounter.Of(policy, stage, HostileTexts.Of(part, length), piece), length))).ToList();
        var worst = all.MaxBy(pair => pair.steps);
        TestContext.Current.SendDiagnosticMessage($"{check} {length}/{piece}: {worst.steps} steps a character for '{worst.part}'");
        Assert.True(worst.steps <= MostSteps, $"{check} takes {worst.steps} steps a character for '{worst.part}'");
    }

    private static long Each(long steps, int length) => steps / length;
}
