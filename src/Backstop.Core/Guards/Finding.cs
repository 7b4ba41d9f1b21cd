namespace Backstop.Core.Guards;

/// <summary>What kind of failure a finding puts on the record of the release that answered.</summary>
[Flags]
public enum HarmClass
{
    None = 0,
    Toxic = 1,
    Schema = 2,

    /// <summary>Something gets out that must not: personal data, a secret, the prompt, or an address that carries data away.</summary>
    Pii = 4,

    Injection = 8,
    Other = 16,
}

public enum Severity
{
    Low,
    Medium,
    High,
}

/// <summary>Something a check saw. It says where and what kind, never the words themselves.</summary>
/// <param name="Check">Id of the check in the policy.</param>
/// <param name="Rule">The rule inside the check, stable across versions.</param>
/// <param name="Category">Such as <c>pii/email_address</c> or <c>toxicity</c>.</param>
/// <param name="Harm">How it counts for the release.</param>
/// <param name="Score">0 to 1; 1 where the rule is certain.</param>
/// <param name="Start">First character, counted in the original text.</param>
/// <param name="Length">Number of characters in the original text.</param>
public sealed record Finding(
    string Check, string Rule, string Category, HarmClass Harm, double Score, Severity Severity, int Start, int Length)
{
    /// <summary>Index of the scanned unit among those screened together.</summary>
    public int Unit { get; init; }

    public int End => Start + Length;
}

/// <summary>Why a check gave no answer. Each class has its own outcome in the policy.</summary>
public enum CheckFailure
{
    Error,
    Timeout,
    Saturated,
    AuthError,
}

/// <summary>A check that could not do its work. It is counted and never passes silently.</summary>
/// <param name="Outcome">What the policy made of it.</param>
public sealed record CheckError(string Check, CheckFailure Failure, string Reason, Disposition Outcome);
