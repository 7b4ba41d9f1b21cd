namespace Backstop.Emulation;

/// <summary>Somebody else's details, as a model might give them away. All invented; the domains are reserved for examples.</summary>
internal static class LeakedDetails
{
    private static readonly string[] FirstNames = ["dana", "marek", "ines", "tom", "yuki", "priya", "olga", "samuel", "lea", "jonas"];
    private static readonly string[] LastNames = ["whitlock", "novak", "ferrer", "okafor", "tanaka", "berg", "castillo", "lindqvist", "moreau"];
    private static readonly string[] Domains = ["example.com", "example.org", "example.net", "mail.example.com"];
    private static readonly (string Prefix, int Length)[] Issuers = [("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16)];

    /// <summary>A sentence that holds an e-mail address or a payment card number.</summary>
    public static string Compose(Dice dice)
    {
        var email = $"{dice.Pick(FirstNames)}.{dice.Pick(LastNames)}{dice.Between(1, 99)}@{dice.Pick(Domains)}";
        return dice.Between(0, 3) switch
        {
            0 => $"The previous customer was {email}.",
            1 => $"Write to {email} if in doubt.",
            2 => $"The order before yours was paid with card {Card(dice, ' ')}.",
            _ => $"On file: {email}, {Card(dice, '-')}.",
        };
    }

    /// <summary>A number that passes the check of ISO/IEC 7812-1, in groups of four.</summary>
    private static string Card(Dice dice, char separator)
    {
        var (prefix, length) = dice.Pick(Issuers);
        var digits = prefix.Select(c => c - '0').ToList();
        while (digits.Count < length - 1)
        {
            digits.Add(dice.Between(0, 9));
        }

        var sum = 0;
        for (var i = 0; i < digits.Count; i++)
        {
            // Counted from the right, the check digit itself is first: every second digit before it is doubled.
            var digit = (digits.Count - i) % 2 == 1 ? digits[i] * 2 : digits[i];
            sum += digit > 9 ? digit - 9 : digit;
        }

        digits.Add((10 - (sum % 10)) % 10);
        return string.Join(separator, digits.Chunk(4).Select(group => string.Concat(group)));
    }
}
