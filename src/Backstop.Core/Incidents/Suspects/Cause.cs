namespace Backstop.Core.Incidents.Suspects;

/// <summary>What can break, finer than <see cref="SuspectKind"/>: the finer causes leave different traces. Each is argued in <c>signatures.json</c>.</summary>
public enum Cause
{
    Model,
    Prompt,
    Guard,
    Index,
    Schema,

    /// <summary>A prompt that no release carries.</summary>
    PromptOutOfBand,

    /// <summary>A check that was overridden, or that fails, outside any release.</summary>
    GuardOutOfBand,

    /// <summary>The provider serves other weights under the same name.</summary>
    ModelOutOfBand,

    /// <summary>Features that arrive empty.</summary>
    EmptyFeatures,

    /// <summary>Features in other units, or with other values than declared.</summary>
    WrongFeatures,

    /// <summary>Features that no longer change.</summary>
    StaleFeatures,

    /// <summary>Users ask for other things than before.</summary>
    Drift,

    /// <summary>The index answers with what was true once, or with vectors of another embedder.</summary>
    StaleIndex,

    /// <summary>Retrieval fails, is slow, or finds nothing.</summary>
    RetrievalDown,
    Provider,

    /// <summary>A service that the model calls as a tool.</summary>
    Tool,
    Attack,

    /// <summary>Servers of one pool that fail while the rest do not.</summary>
    Pool,

    /// <summary>One region that fails while the rest does not.</summary>
    Region,

    /// <summary>What comes from a cache is wrong.</summary>
    Cache,

    /// <summary>Long prompts are cut off.</summary>
    Context,

    /// <summary>Weights or an adapter that the release does not name, for a tenant or on a pool.</summary>
    WrongWeights,

    /// <summary>Servers that get slower and then fail: a leak, a full cache.</summary>
    SlowServing,

    /// <summary>The engine under every release.</summary>
    Engine,
    JudgeDrift,
    EvaluatorDown,
    LostOutcomes,
    LateLabels,
    Clock,

    /// <summary>A false alarm.</summary>
    None,

    /// <summary>Something real that is none of the others.</summary>
    Unlisted,
}

/// <summary>Which arms a cause reaches.</summary>
public enum Reach
{
    /// <summary>The release alone.</summary>
    Release,

    /// <summary>Both arms alike.</summary>
    Shared,

    /// <summary>A slice of both arms: often too small to see in the totals.</summary>
    Slice,
    Nothing,
}
