namespace Backstop.Core.Inputs;

/// <summary>Whose answers to known questions are meant, as <see cref="InputCount.What"/> says it.</summary>
public static class ProbeSide
{
    /// <summary>The release that everybody gets.</summary>
    public const string Current = "";

    /// <summary>The one that a rollback would lead to.</summary>
    public const string Previous = "previous";
}

/// <summary>What is counted about what requests bring with them. The numbers travel between processes and do not change.</summary>
public enum InputSignal
{
    /// <summary>Conversations by the <see cref="PromptFingerprint"/> of what their callers put in as the system's words.</summary>
    PromptFingerprint = 0,

    /// <summary>Values of a feature; a hit is one that is null.</summary>
    FeatureNulls = 1,

    /// <summary>Values of a feature that are numbers: their sum and their squares.</summary>
    FeatureValues = 2,

    /// <summary>Requests with retrieved documents, by the version of the index they came from.</summary>
    RetrievalIndex = 3,

    /// <summary>Requests that say how many documents were retrieved; a hit is none.</summary>
    RetrievalEmpty = 4,

    /// <summary>Age of the retrieved documents, in days.</summary>
    RetrievalAge = 5,

    /// <summary>How well the best document fits the question, by the retriever's own measure.</summary>
    RetrievalScore = 6,

    /// <summary>Requests that did not keep the <see cref="InputContract"/> and were repaired or refused, by the rule.</summary>
    Contract = 7,

    /// <summary>Answers of known score about which a judge was asked, by the signal; a hit is one he was wrong about.</summary>
    JudgeAnchor = 8,

    /// <summary>Questions with known answers that were put to a release of the alias, by <see cref="ProbeSide"/>; a hit is one it failed.</summary>
    Probe = 9,
}
