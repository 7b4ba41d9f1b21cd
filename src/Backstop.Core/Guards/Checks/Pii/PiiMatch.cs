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

    public static readonly string[] All = [Email, Card, Iban, Ssn, Phone, Ip, Routing, Npi];
}
