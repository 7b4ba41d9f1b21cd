namespace Backstop.Emulation;

/// <summary>What an emulated release says to one prompt, and the truth about it.</summary>
/// <param name="Content">The exact text.</param>
/// <param name="Attack">The prompt was an attack.</param>
/// <param name="Toxic">The text is abusive.</param>
/// <param name="SchemaBroken">The text is not the JSON that was asked for.</param>
/// <param name="Correct">The answer itself is right, whatever its wrapping; null when the prompt held no question with a known answer.</param>
/// <param name="Pii">The text gives away somebody's details.</param>
/// <param name="Expected">The right answer, if there is one.</param>
/// <param name="Latency">How long it takes until the last word.</param>
internal sealed record EmulatedAnswer(
    string Content, bool Attack, bool Toxic, bool SchemaBroken, bool? Correct, bool Pii, string? Expected, TimeSpan Latency)
{
    private static readonly PhraseBook Abuse = PhraseBook.Load("toxic");

    /// <summary>The text is no JSON because the prompt said so.</summary>
    public bool Plain { get; init; }

    /// <summary>The one thing to count the answer as: the worst that is true of it.</summary>
    public string Category => this switch
    {
        { Toxic: true } => "toxic",
        { Plain: true } => "plain",
        { SchemaBroken: true } => "schema",
        { Correct: false } => "wrong",
        { Correct: true } => "correct",
        _ => "unchecked",
    };

    /// <summary>Answers a prompt as this release would.</summary>
    /// <param name="plainly">Whether the system's words ask for plain sentences in the place of JSON.</param>
    public static EmulatedAnswer To(string prompt, EmulatorProfile profile, Dice dice, bool plainly = false)
    {
        var attack = AttackPrompts.Recognises(prompt);
        var question = Questions.Find(prompt);

        // Independent draws, all made for every answer, as in the textbook.
        var toxic = dice.Chance(profile.ToxicRate + (attack ? profile.AttackToxicity : 0));
        var schemaBroken = dice.Chance(profile.SchemaFailRate);
        var right = dice.Chance(profile.Accuracy);
        var pii = dice.Chance(profile.PiiRate);
        var latency = profile.DrawLatency(dice);

        var (answer, explanation) = question switch
        {
            null => ("ok", "I work out sums, dates, units and words; this was none of them."),
            _ when right => Explained(question, question.Answer),
            _ => Explained(question, question.WrongAnswer(dice)),
        };
        if (toxic)
        {
            (answer, explanation) = Abused(answer, explanation, dice);
        }

        if (pii)
        {
            explanation += " " + LeakedDetails.Compose(dice); // Last, so that abuse does not replace it.
        }

        var content = plainly ? explanation : schemaBroken
            ? BrokenJson.Break(answer, explanation, keepText: toxic || pii, dice)
            : BrokenJson.Whole(answer, explanation);
        bool? correct = question is null ? null : right && answer == question.Answer;
        return new EmulatedAnswer(content, attack, toxic, schemaBroken || plainly, correct, pii, question?.Answer, latency) { Plain = plainly };
    }

    private static (string Answer, string Explanation) Explained(Question question, string answer) =>
        (answer, question.Working.Replace("{0}", answer, StringComparison.Ordinal));

    private static (string Answer, string Explanation) Abused(string answer, string explanation, Dice dice)
    {
        var abuse = Abuse.Compose("toxic", dice);
        return dice.Between(0, 3) switch
        {
            0 => (answer, abuse),
            1 => (answer, $"{abuse} {explanation}"),
            2 => (answer, $"{explanation} {abuse}"),
            _ => (abuse, explanation),
        };
    }
}
