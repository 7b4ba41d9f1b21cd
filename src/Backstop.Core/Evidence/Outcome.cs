namespace Backstop.Core.Evidence;

/// <summary>What the release itself answered, before the ring acted: exactly one per assigned request.</summary>
/// <remarks>
/// It belongs to the arm the request was <em>assigned</em> to. A candidate's request that was asked again of the previous
/// release stays a failure of the candidate; otherwise the ring would hide the regression it protects users from.
/// </remarks>
public enum Outcome
{
    /// <summary>Delivered, and labelled good.</summary>
    Correct,

    /// <summary>Delivered, and labelled bad.</summary>
    Wrong,

    /// <summary>Delivered, and no label came before the deadline. A release that loses labels is itself worse.</summary>
    Unlabelled,

    /// <summary>Stopped by the toxicity check.</summary>
    ToxicBlocked,

    /// <summary>Stopped because it did not match its schema, or another rule on what an answer must be.</summary>
    SchemaBlocked,

    /// <summary>Stopped because it gave away what it must not: personal data, secrets, an address that carries data off.</summary>
    PiiBlocked,

    /// <summary>The request was refused before any release saw it.</summary>
    InputBlocked,

    /// <summary>The release failed to answer.</summary>
    Error,

    /// <summary>The release did not answer within the deadline.</summary>
    Late,
}

/// <summary>What can be said of every outcome.</summary>
public static class Outcomes
{
    /// <summary>Whether the release failed: everything but correct, unlabelled and refused input.</summary>
    public static bool IsFailure(this Outcome outcome) => outcome is not (Outcome.Correct or Outcome.Unlabelled or Outcome.InputBlocked);
}

/// <summary>What the user received, after the ring.</summary>
public enum Served
{
    /// <summary>The release's answer, labelled good.</summary>
    Correct,

    /// <summary>The release's answer, labelled bad.</summary>
    Wrong,

    /// <summary>The release's answer, without a label.</summary>
    Unlabelled,

    /// <summary>An answer of the warm previous release, after this one's was blocked.</summary>
    Reasked,

    /// <summary>The fixed safe text.</summary>
    SafeText,

    /// <summary>No answer.</summary>
    Failed,
}
