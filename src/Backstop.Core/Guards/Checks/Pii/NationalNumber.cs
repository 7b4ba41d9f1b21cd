namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Numbers of digits alone that states, banks and makers give to people and their things.</summary>
/// <remarks>
/// One digit in ten is right by chance, so a number needs a word nearby that says what it is, unless it is written in groups
/// as only this number is, or its check digits and its date of birth prove enough.
/// </remarks>
internal sealed record NationalNumber(string Type, int Digits, string Grouping, Said Words, NationalNumber.Sum Holds)
{
    public delegate bool Sum(ReadOnlySpan<byte> digits);

    // Its check digits prove enough.
    private const Said Alone = (Said)ulong.MaxValue;

    private static readonly NationalNumber[][] ByDigits = ListsOf(new NationalNumber[]
    {
        new(PiiTypes.Itin, 9, "", Said.Taxpayer, NationalSums.Itin),
        new(PiiTypes.Nhs, 10, "", Said.Nhs, NationalSums.Nhs),
        new(PiiTypes.Sin, 9, "", Said.Sin, NationalSums.Sin),
        new(PiiTypes.Tfn, 9, "", Said.Tfn, NationalSums.Tfn),
        new(PiiTypes.Abn, 11, "2 3 3 3", Said.Abn, NationalSums.Abn),
        new(PiiTypes.Medicare, 10, "4 5 1", Said.Medicare, NationalSums.Medicare),
        new(PiiTypes.Medicare, 11, "", Said.Medicare, NationalSums.Medicare),
        new(PiiTypes.Aadhaar, 12, "4 4 4", Said.Aadhaar, NationalSums.Aadhaar),
        new(PiiTypes.Cpf, 11, "3.3.3-2", Said.Cpf, NationalSums.Cpf),
        new(PiiTypes.Cnpj, 14, "2.3.3/4-2", Said.Cnpj, NationalSums.Cnpj),
        new(PiiTypes.Ahv, 13, "3.4.4.2", Alone, NationalSums.Ahv),
        new(PiiTypes.Pesel, 11, "", Said.Pesel, NationalSums.Pesel),
        new(PiiTypes.Nip, 10, "3-3-2-2", Said.Nip, NationalSums.Nip),
        new(PiiTypes.Nir, 15, "1 2 2 2 3 3 2", Alone, NationalSums.Nir),
        new(PiiTypes.Bsn, 9, "", Said.Bsn, NationalSums.Bsn),
        new(PiiTypes.Nrn, 11, "2.2.2-3.2", Said.Nrn, NationalSums.Nrn),
        new(PiiTypes.Steuer, 11, "2 3 3 3", Said.Steuer, NationalSums.Steuer),
        new(PiiTypes.Personnummer, 10, "6-4", Said.Personnummer, NationalSums.Personnummer),
        new(PiiTypes.Personnummer, 12, "", Said.Personnummer, d => NationalSums.Personnummer(d[2..])),
        new(PiiTypes.Personnummer, 12, "8-4", Said.Personnummer, d => NationalSums.Personnummer(d[2..])),
        new(PiiTypes.Cpr, 10, "", Said.Cpr | Said.Personnummer, NationalSums.Cpr),
        new(PiiTypes.Fnr, 11, "6 5", Said.Fnr | Said.Personnummer, NationalSums.Fnr),
        new(PiiTypes.Rrn, 13, "6-7", Said.Rrn, NationalSums.Rrn),
        new(PiiTypes.MyNumber, 12, "", Said.MyNumber, NationalSums.MyNumber),
        new(PiiTypes.Tckn, 11, "", Said.Tckn, NationalSums.Tckn),
        new(PiiTypes.ZaId, 13, "6 4 2 1", Said.ZaId, NationalSums.ZaId),
        new(PiiTypes.Cnp, 13, "", Said.Cnp, NationalSums.Cnp),
        new(PiiTypes.RodneCislo, 10, "6/4", Said.RodneCislo, NationalSums.RodneCislo),
        new(PiiTypes.Imei, 15, "2-6-6-1", Said.Imei, NationalSums.Imei),
        new(PiiTypes.Ein, 9, "", Said.Ein, NationalSums.Any),
        new(PiiTypes.UsPassport, 9, "", Said.Passport, NationalSums.Any),
        new(PiiTypes.Cvv, 3, "", Said.Cvv, NationalSums.Any),
        new(PiiTypes.Cvv, 4, "", Said.Cvv, NationalSums.Any),
        new(PiiTypes.Pin, 4, "", Said.Pin, NationalSums.Any),
    });

    /// <summary>Fewest digits of any of them.</summary>
    public const int Fewest = 3;

    /// <summary>The type of the number that the first groups of a run are, or null.</summary>
    /// <param name="whole">Whether nothing of the same number stands before it.</param>
    public static string? TypeOf(ref DigitRun run, int groups, Said said, bool whole)
    {
        var (digits, speaks) = (run.DigitsIn(groups), whole && groups == run.Groups);
        if (run.Plus || run.Parenthesis || digits >= ByDigits.Length || (said == Said.Nothing && !speaks))
        {
            return null;
        }

        foreach (var number in ByDigits[digits])
        {
            // What the text says is asked first: it costs less than the check digits.
            var known = (said & number.Words) != Said.Nothing || (speaks && number.Speaks(ref run, groups));
            if (known && number.Holds(run.Digits(groups)))
            {
                return number.Type;
            }
        }

        return null;
    }

    private static NationalNumber[][] ListsOf(NationalNumber[] numbers) =>
        [.. Enumerable.Range(0, numbers.Max(number => number.Digits) + 1).Select(digits => numbers.Where(number => number.Digits == digits).ToArray())];

    // Written in its own groups, or with check digits that suffice.
    private bool Speaks(ref DigitRun run, int groups)
    {
        if (groups == 1)
        {
            return Words == Alone;
        }

        var at = 0;
        for (var group = 0; group < groups; group++)
        {
            if (at >= Grouping.Length || Grouping[at] - '0' != run.SizeOf(group) || (group < groups - 1 && Grouping[at + 1 < Grouping.Length ? at + 1 : at] != run.After(group)))
            {
                return false;
            }

            at += 2;
        }

        return at == Grouping.Length + 1;
    }
}
