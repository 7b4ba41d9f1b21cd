using System.Buffers;
using System.Collections.Frozen;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>What the words near a number say it is.</summary>
[Flags]
internal enum Said : ulong
{
    Nothing = 0,
    Phone = 1UL << 0,
    Version = 1UL << 1,
    Ssn = 1UL << 2,
    Routing = 1UL << 3,
    Provider = 1UL << 4,
    Account = 1UL << 5,
    Birth = 1UL << 6,
    Taxpayer = 1UL << 7,
    Nhs = 1UL << 8,
    Sin = 1UL << 9,
    Tfn = 1UL << 10,
    Abn = 1UL << 11,
    Medicare = 1UL << 12,
    Aadhaar = 1UL << 13,
    Cpf = 1UL << 14,
    Cnpj = 1UL << 15,
    Pesel = 1UL << 16,
    Nip = 1UL << 17,
    Bsn = 1UL << 18,
    Nrn = 1UL << 19,
    Steuer = 1UL << 20,
    Personnummer = 1UL << 21,
    Cpr = 1UL << 22,
    Fnr = 1UL << 23,
    Rrn = 1UL << 24,
    MyNumber = 1UL << 25,
    Tckn = 1UL << 26,
    ZaId = 1UL << 27,
    Cnp = 1UL << 28,
    RodneCislo = 1UL << 29,
    Imei = 1UL << 30,
    Ein = 1UL << 31,
    Passport = 1UL << 32,
    Cvv = 1UL << 33,
    Pin = 1UL << 34,
    Vat = 1UL << 35,
    Bank = 1UL << 36,
    Licence = 1UL << 37,
    Driver = 1UL << 41,
    Ip = 1UL << 43,
    Permit = 1UL << 42,
    Vehicle = 1UL << 38,
    Dea = 1UL << 39,
    Rfc = 1UL << 40,
}

/// <summary>Looks for words that say what a number is, among the few before it and right after it.</summary>
internal static class Context
{
    // Less than the lookback that a stream keeps, so that the finished text shows no more than the stream did.
    public const int Reach = 56;

    // How much must have come after a number before its right side is decided.
    private const int After = 20;
    private const int LongestWord = 40;

    private static readonly FrozenDictionary<string, Said> Words = new (Said Said, string Words)[]
    {
        (Said.Phone,
            "phone telephone tel ph mobile mob cell cellphone call calls called calling fax dial ring reach "
            + "contact hotline whatsapp viber signal sms text texted message messages answering registered landline "
            + "telefon telefono teléfono téléphone telefone celular cellulare móvil movil mobil mobiel portable "
            + "handy handynummer telefonnummer rufnummer telefoonnummer телефон тел komórka"),
        (Said.Version, "version versions v ver release section chapter build"),
        (Said.Ssn, "ssn social ss"),
        (Said.Routing, "routing aba rtn transit"),
        (Said.Provider, "npi provider physician"),
        (Said.Account, "account acct konto kontonummer compte cuenta conta"),
        (Said.Birth, "dob birth birthdate birthday geburtsdatum geb naissance nacimiento nascita nascimento geboortedatum"),
        (Said.Taxpayer, "itin taxpayer tin"),
        (Said.Nhs, "nhs"),
        (Said.Sin, "sin insurance nas"),
        (Said.Tfn, "tfn tax"),
        (Said.Abn, "abn"),
        (Said.Medicare, "medicare mbi beneficiary"),
        (Said.Aadhaar, "aadhaar aadhar uid uidai"),
        (Said.Cpf, "cpf"),
        (Said.Cnpj, "cnpj"),
        (Said.Pesel, "pesel"),
        (Said.Nip, "nip"),
        (Said.Bsn, "bsn burgerservicenummer sofinummer"),
        (Said.Nrn, "rijksregisternummer rijksregister niss insz registre"),
        (Said.Steuer, "steuer steuernummer steueridentifikationsnummer idnr identifikationsnummer"),
        (Said.Personnummer, "personnummer"),
        (Said.Cpr, "cpr"),
        (Said.Fnr, "fødselsnummer fodselsnummer fnr"),
        (Said.Rrn, "rrn 주민등록번호"),
        (Said.MyNumber, "マイナンバー mynumber individual"),
        (Said.Tckn, "tc kimlik tckn"),
        (Said.ZaId, "id identity rsa"),
        (Said.Cnp, "cnp"),
        (Said.RodneCislo, "rodné rodne číslo"),
        (Said.Imei, "imei"),
        (Said.Ein, "ein fein employer"),
        (Said.Passport, "passport reisepass passeport pasaporte passaporto passaporte paspoort паспорт"),
        (Said.Cvv, "cvv cvc csc"),
        (Said.Pin, "pin"),
        (Said.Vat, "vat ust ustid tva iva btw moms mva alv ptu dph nif cif"),
        (Said.Bank, "swift bic"),
        (Said.Ip, "ip ipv4 address addr host hostname server dns ping gateway subnet client"),
        (Said.Driver, "driver drivers driving"),
        (Said.Licence, "license licence"),
        (Said.Permit, "führerschein permis conducir rijbewijs"),
        (Said.Vehicle, "vin vehicle chassis"),
        (Said.Dea, "dea"),
        (Said.Rfc, "rfc"),
    }
        .SelectMany(list => list.Words.Split(' ').Select(word => (word, list.Said)))
        .GroupBy(pair => pair.word)
        .ToFrozenDictionary(group => group.Key, group => group.Aggregate(Said.Nothing, (all, pair) => all | pair.Said), StringComparer.Ordinal);

    private static readonly SearchValues<char> Wordless = SearchValues.Create("0123456789 .,:;/()+-\n\t|");

    private static readonly FrozenDictionary<string, Said> AfterPhone = "office fax mobile cell home work phone tel direct landline"
        .Split(' ').ToFrozenDictionary(word => word, _ => Said.Phone, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Said>.AlternateLookup<ReadOnlySpan<char>> WordsAt = Words.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenDictionary<string, Said>.AlternateLookup<ReadOnlySpan<char>> AfterPhoneAt = AfterPhone.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a driver's licence is spoken of; drivers of printers have no licence.</summary>
    public static bool IsLicence(Said said) => said.HasFlag(Said.Permit) || said.HasFlag(Said.Driver | Said.Licence);

    /// <summary>Everything that is said shortly before <paramref name="start"/>.</summary>
    public static Said Before(ReadOnlySpan<char> text, int start, int reach = Reach)
    {
        var before = text[Math.Max(0, start - reach)..start];
        var said = Said.Nothing;
        if (!before.ContainsAnyExcept(Wordless))
        {
            return said; // A table of numbers.
        }

        for (var i = 0; i < before.Length;)
        {
            var end = EndOfWord(before, i);
            if (end > i && (i > 0 || start <= reach)) // A word cut off by the reach is not the word it looks like.
            {
                said |= Look(WordsAt, before[i..end]);
            }

            i = Math.Max(end, i + 1);
        }

        return said;
    }

    /// <summary>Whether the word right after a number says it is a telephone's; null when more text must come before one can tell.</summary>
    public static bool? IsPhoneAfter(ReadOnlySpan<char> text, int end, bool final)
    {
        var start = end;
        while (start < text.Length && start - end < 3 && !char.IsLetterOrDigit(text[start]) && text[start] != '\n')
        {
            start++;
        }

        var stop = EndOfWord(text, start);
        return stop == text.Length && stop - end < After && !final ? null : stop > start && Look(AfterPhoneAt, text[start..stop]) == Said.Phone;
    }

    private static int EndOfWord(ReadOnlySpan<char> text, int start)
    {
        while (start < text.Length && char.IsLetter(text[start]))
        {
            start++;
        }

        return start;
    }

    private static Said Look(FrozenDictionary<string, Said>.AlternateLookup<ReadOnlySpan<char>> words, ReadOnlySpan<char> word)
    {
        Span<char> lower = stackalloc char[LongestWord];
        return word.Length <= LongestWord && words.TryGetValue(lower[..word.ToLowerInvariant(lower)], out var said) ? said : Said.Nothing;
    }
}
