namespace Backstop.Simulation.Training;

/// <summary>Shortens a sentence as people write it: "you are" to "you're", "do not" to "don't".</summary>
/// <remarks>The grammars are written in full, so that each construction stands there once.</remarks>
public static class Contractions
{
    private static readonly (string Full, string Short)[] Pairs =
    [
        (" you are ", " you're "), (" I am ", " I'm "), (" we are ", " we're "), (" they are ", " they're "), (" it is ", " it's "),
        (" that is ", " that's "), (" what is ", " what's "), (" there is ", " there's "), (" he is ", " he's "), (" she is ", " she's "),
        (" I will ", " I'll "), (" you will ", " you'll "), (" we will ", " we'll "), (" they will ", " they'll "),
        (" I would ", " I'd "), (" you would ", " you'd "), (" you had ", " you'd "), (" I have ", " I've "), (" we have ", " we've "),
        (" do not ", " don't "), (" does not ", " doesn't "), (" did not ", " didn't "), (" is not ", " isn't "), (" are not ", " aren't "),
        (" cannot ", " can't "), (" could not ", " couldn't "), (" would not ", " wouldn't "), (" should not ", " shouldn't "),
        (" will not ", " won't "), (" let us ", " let's "), (" who is ", " who's "), (" nobody is ", " nobody's "),
    ];

    public static string Apply(string sentence)
    {
        var text = " " + sentence;
        foreach (var (full, shorter) in Pairs)
        {
            text = text.Replace(full, shorter, StringComparison.Ordinal).Replace(Capital(full), Capital(shorter), StringComparison.Ordinal);
        }

        return text[1..];
    }

    private static string Capital(string phrase) => $" {char.ToUpperInvariant(phrase[1])}{phrase[2..]}";
}
