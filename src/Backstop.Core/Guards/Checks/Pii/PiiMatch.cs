namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>What a recogniser says about the text at one position.</summary>
/// <param name="Length">Characters matched; 0 for no match; -1 when more text must come before one can tell.</param>
/// <param name="Type">Such as <c>EMAIL_ADDRESS</c>.</param>
public readonly record struct PiiMatch(string Type, int Length)
{
    public static readonly PiiMatch None = new("", 0);

    public static readonly PiiMatch Pending = new("", -1);

    public bool IsPending => Length < 0;

    public bool Found => Length > 0;
}

/// <summary>The types of personal data, as placeholders and policies name them.</summary>
public static class PiiTypes
{
    public const string Email = "EMAIL_ADDRESS";
    public const string Card = "CREDIT_CARD";
    public const string Iban = "IBAN_CODE";
    public const string Ssn = "US_SSN";
    public const string Phone = "PHONE_NUMBER";
    public const string Ip = "IP_ADDRESS";
    public const string Routing = "ABA_ROUTING_NUMBER";
    public const string Npi = "US_NPI";

    public const string Account = "US_BANK_NUMBER";
    public const string Bic = "SWIFT_CODE";
    public const string Cvv = "CVV";
    public const string Pin = "PIN";
    public const string BirthDate = "DATE_OF_BIRTH";
    public const string UsPassport = "US_PASSPORT";
    public const string DriverLicense = "US_DRIVER_LICENSE";
    public const string Itin = "US_ITIN";
    public const string Ein = "US_EIN";
    public const string Mbi = "US_MBI";
    public const string Dea = "US_DEA";
    public const string Nhs = "UK_NHS";
    public const string Nino = "UK_NINO";
    public const string Sin = "CA_SIN";
    public const string Tfn = "AU_TFN";
    public const string Abn = "AU_ABN";
    public const string Medicare = "AU_MEDICARE";
    public const string Aadhaar = "IN_AADHAAR";
    public const string Pan = "IN_PAN";
    public const string Nric = "SG_NRIC_FIN";
    public const string Rrn = "KR_RRN";
    public const string MyNumber = "JP_MY_NUMBER";
    public const string ResidentId = "CN_RESIDENT_ID";
    public const string Cpf = "BR_CPF";
    public const string Cnpj = "BR_CNPJ";
    public const string Curp = "MX_CURP";
    public const string Rfc = "MX_RFC";
    public const string ZaId = "ZA_ID";
    public const string Tckn = "TR_TCKN";
    public const string Nif = "ES_NIF";
    public const string Nie = "ES_NIE";
    public const string FiscalCode = "IT_FISCAL_CODE";
    public const string Nir = "FR_NIR";
    public const string Steuer = "DE_TAX_ID";
    public const string Bsn = "NL_BSN";
    public const string Nrn = "BE_NRN";
    public const string Ahv = "CH_AHV";
    public const string Pesel = "PL_PESEL";
    public const string Nip = "PL_NIP";
    public const string RodneCislo = "CZ_BIRTH_NUMBER";
    public const string Cnp = "RO_CNP";
    public const string Personnummer = "SE_PERSONNUMMER";
    public const string Fnr = "NO_FNR";
    public const string Cpr = "DK_CPR";
    public const string Hetu = "FI_PERSONAL_IDENTITY_CODE";
    public const string Vat = "VAT_NUMBER";
    public const string Crypto = "CRYPTO";
    public const string Mac = "MAC_ADDRESS";
    public const string Imei = "IMEI";
    public const string Vin = "VIN";

    /// <summary>What is looked for where a policy names no types: all but dates of birth, which are often public.</summary>
    public static IEnumerable<string> Default => All.Where(type => type != BirthDate);

    public static readonly string[] All =
    [
        Email, Card, Iban, Ssn, Phone, Ip, Routing, Npi, Account, Bic, Cvv, Pin, BirthDate, UsPassport, DriverLicense, Itin, Ein, Mbi, Dea,
        Nhs, Nino, Sin, Tfn, Abn, Medicare, Aadhaar, Pan, Nric, Rrn, MyNumber, ResidentId, Cpf, Cnpj, Curp, Rfc, ZaId, Tckn,
        Nif, Nie, FiscalCode, Nir, Steuer, Bsn, Nrn, Ahv, Pesel, Nip, RodneCislo, Cnp, Personnummer, Fnr, Cpr, Hetu, Vat,
        Crypto, Mac, Imei, Vin,
    ];
}
