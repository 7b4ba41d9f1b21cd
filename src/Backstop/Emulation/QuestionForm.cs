using System.Globalization;
using System.Text.RegularExpressions;

namespace Backstop.Emulation;

/// <summary>One way to put a question: how it is asked, how it is recognised, how it is answered.</summary>
internal sealed class QuestionForm(string pattern, Func<Dice, string> ask, Func<Match, (string Answer, string Working)> solve)
{
    private static readonly string[] Words =
    [
        "harbour", "lantern", "pencil", "orchard", "signal", "granite", "violin", "compass", "meadow", "kitchen", "lighthouse",
        "blanket", "thunder", "marble", "saddle", "window", "cabinet", "journey", "feather", "bridge", "planet", "market",
    ];

    private static readonly (string From, string To, decimal Factor)[] Units =
    [
        ("kilometres", "metres", 1000m), ("metres", "centimetres", 100m), ("inches", "centimetres", 2.54m), ("kilograms", "grams", 1000m),
        ("hours", "minutes", 60m), ("minutes", "seconds", 60m), ("days", "hours", 24m), ("litres", "millilitres", 1000m), ("dozens", "pieces", 12m),
    ];

    private readonly Regex _pattern = new(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    public static IReadOnlyList<QuestionForm> All { get; } =
    [
        new(@"What is (\d{1,6}) (\+|-|times|minus|plus) (\d{1,6})\?",
            dice => $"What is {dice.Between(12, 980)} {dice.Pick(["+", "-", "times", "minus", "plus"])} {dice.Between(3, 99)}?",
            m => (Number(Calculated(Read(m, 1), m.Groups[2].Value, Read(m, 3))), $"{m.Groups[1].Value} {m.Groups[2].Value} {m.Groups[3].Value} comes to {{0}}.")),

        new(@"What is (\d{1,3}) percent of (\d{1,6})\?",
            dice => $"What is {dice.Between(1, 19) * 5} percent of {dice.Between(2, 90) * 20}?",
            m => (Number(Read(m, 1) * Read(m, 2) / 100), $"One percent of {m.Groups[2].Value} is {Number(Read(m, 2) / 100)}, and {m.Groups[1].Value} of those are {{0}}.")),

        new(@"A crate holds (\d{1,4}) bottles, and (\d{1,4}) bottles are already out\. How many bottles are in (\d{1,4}) full crates\?",
            dice => $"A crate holds {dice.Between(6, 48)} bottles, and {dice.Between(1, 5)} bottles are already out. How many bottles are in {dice.Between(3, 40)} full crates?",
            m => (Number(Read(m, 1) * Read(m, 3)), "The loose bottles do not matter, so the crates hold {0} bottles.")),

        new(@"What is the remainder when (\d{1,6}) is divided by ([1-9]\d{0,3})\?",
            dice => $"What is the remainder when {dice.Between(50, 9000)} is divided by {dice.Between(3, 29)}?",
            m => (Number(Read(m, 1) % Read(m, 2)), $"Taking {m.Groups[2].Value} away as often as possible leaves {{0}}.")),

        new(@"Which date is (\d{1,3}) days after (\d{4}-\d{2}-\d{2})\?",
            dice => $"Which date is {dice.Between(5, 200)} days after {Date(AnyDate(dice))}?",
            m => (Date(ReadDate(m, 2).AddDays((int)Read(m, 1))), $"Counting {m.Groups[1].Value} days on from {m.Groups[2].Value} ends at {{0}}.")),

        new(@"How many days are there from (\d{4}-\d{2}-\d{2}) to (\d{4}-\d{2}-\d{2})\?",
            dice => AnyDate(dice) is var first ? $"How many days are there from {Date(first)} to {Date(first.AddDays(dice.Between(3, 300)))}?" : "",
            m => (Number(ReadDate(m, 2).DayNumber - ReadDate(m, 1).DayNumber), "Adding up the months in between gives {0} days.")),

        new(@"Which day of the week is (\d{4}-\d{2}-\d{2})\?",
            dice => $"Which day of the week is {Date(AnyDate(dice))}?",
            m => (ReadDate(m, 1).DayOfWeek.ToString(), $"The calendar shows {{0}} for {m.Groups[1].Value}.")),

        new(@"Convert (\d{1,5}(?:\.\d)?) (\w+) to (\w+)\.",
            dice => dice.Pick(Units) is var unit ? $"Convert {Number(dice.Between(2, 400) / 2m)} {unit.From} to {unit.To}." : "",
            m => (Number(Read(m, 1) * Factor(m)), $"Each of them is {Number(Factor(m))} {m.Groups[3].Value}, so the result is {{0}}.")),

        new(@"What is (\d{1,3}) degrees Celsius in Fahrenheit\?",
            dice => $"What is {dice.Between(0, 40) * 5} degrees Celsius in Fahrenheit?",
            m => (Number((Read(m, 1) * 9 / 5) + 32), "Multiply by nine fifths and add 32 to get {0}.")),

        new("Write the word \"([a-z]{2,24})\" backwards\\.",
            dice => $"Write the word \"{dice.Pick(Words)}\" backwards.",
            m => (string.Concat(m.Groups[1].Value.Reverse()), "Read from its last letter to its first it is {0}.")),

        new("How many letters are in the word \"([a-z]{2,24})\"\\?",
            dice => $"How many letters are in the word \"{dice.Pick(Words)}\"?",
            m => (Number(m.Groups[1].Length), "Counted one by one there are {0} letters.")),

        new("Write the word \"([a-z]{2,24})\" in capital letters\\.",
            dice => $"Write the word \"{dice.Pick(Words)}\" in capital letters.",
            m => (m.Groups[1].Value.ToUpperInvariant(), "In capitals it is {0}.")),
    ];

    /// <summary>Asks for what stands in a document in the prompt. The right answer to it is what the document says, true or not.</summary>
    public static QuestionForm Told { get; } = new(
        @"Price list: a ([a-z]{2,24}) costs (\d{1,5}) euros\. What does a \1 cost\?",
        dice => dice.Pick(Words) is var thing ? $"Price list: a {thing} costs {dice.Between(5, 500)} euros. What does a {thing} cost?" : "",
        m => (m.Groups[2].Value, $"The list says that a {m.Groups[1].Value} costs {{0}} euros."));

    /// <summary>A new question of this form.</summary>
    public string Ask(Dice dice) => ask(dice);

    /// <summary>The question of this form in a prompt, answered; null when there is none, or none that makes sense.</summary>
    public Question? Read(string prompt)
    {
        var match = _pattern.Match(prompt);
        if (!match.Success)
        {
            return null;
        }

        try
        {
            var (answer, working) = solve(match);
            return new Question(match.Value, answer, working);
        }
        catch (FormatException)
        {
            return null; // The form is right and the content is not: a month 13, a unit nobody knows.
        }
    }

    private static decimal Read(Match match, int group) => decimal.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    private static string Number(decimal value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    private static DateOnly ReadDate(Match match, int group) =>
        DateOnly.ParseExact(match.Groups[group].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Date(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static DateOnly AnyDate(Dice dice) => new DateOnly(2024, 1, 1).AddDays(dice.Between(0, 1400));

    private static decimal Calculated(decimal left, string sign, decimal right) => sign switch
    {
        "+" or "plus" => left + right,
        "-" or "minus" => left - right,
        _ => left * right,
    };

    private static decimal Factor(Match match)
    {
        var (from, to) = (match.Groups[2].Value, match.Groups[3].Value);
        return Units.FirstOrDefault(unit => unit.From == from && unit.To == to) is { Factor: > 0 } known
            ? known.Factor
            : throw new FormatException($"No factor is known from {from} to {to}.");
    }
}
