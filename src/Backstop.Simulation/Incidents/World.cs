namespace Backstop.Simulation.Incidents;

/// <summary>The state of everything that answers requests. Causes change this and nothing else; what sensors show follows from it.</summary>
/// <param name="Production">The release that serves most.</param>
/// <param name="Holdback">The previous release, which serves the holdback.</param>
/// <param name="Around">What both share.</param>
internal sealed record World(ServedRelease Production, ServedRelease Holdback, Surroundings Around);

/// <summary>The parts of a release that change its answers.</summary>
internal sealed record ServedRelease(ModelPart Model, PromptPart Prompt, GuardPart Guard);

/// <summary>Weights and sampling.</summary>
internal sealed record ModelPart
{
    /// <summary>Log-odds of a right answer to an easy request.</summary>
    public double Skill { get; init; } = 3;

    /// <summary>How much more it loses on hard and on long requests.</summary>
    public double Fragility { get; init; }

    /// <summary>Answers that are not in the form asked for.</summary>
    public double Malformed { get; init; } = 0.003;

    /// <summary>Answers that are abusive or leak.</summary>
    public double Unsafe { get; init; } = 0.002;

    /// <summary>Length relative to what is usual.</summary>
    public double Verbosity { get; init; } = 1;

    /// <summary>Time for an answer relative to what is usual.</summary>
    public double Effort { get; init; } = 1;
}

/// <summary>Instructions.</summary>
internal sealed record PromptPart
{
    public double Skill { get; init; }

    public double Malformed { get; init; } = 0.001;

    public double Refusals { get; init; } = 0.008;

    public double Verbosity { get; init; } = 1;
}

/// <summary>The ring's settings.</summary>
internal sealed record GuardPart
{
    /// <summary>Ordinary answers that are stopped.</summary>
    public double OverBlocks { get; init; } = 0.003;

    /// <summary>Unsafe answers that are not.</summary>
    public double Misses { get; init; } = 0.1;
}

/// <summary>A part of the traffic that something may befall.</summary>
internal enum Slice
{
    None,
    Pool,
    Region,
    Tenant,
    Cached,
    Long,
}

/// <summary>What is not in any release.</summary>
internal sealed record Surroundings
{
    /// <summary>Share of requests on subjects that the models are weak at.</summary>
    public double HardShare { get; init; } = 0.2;

    /// <summary>How much such requests cost in log-odds.</summary>
    public double Hardness { get; init; } = 1.3;

    /// <summary>Share of requests on a new subject that is no harder.</summary>
    public double NewSubject { get; init; } = 0.05;

    /// <summary>Shards of the feature pipeline that deliver nothing, of eight.</summary>
    public double EmptyShards { get; init; }

    /// <summary>Log10 of the factor by which a feature is off.</summary>
    public double FeatureScale { get; init; }

    /// <summary>When the index that answers was built, days ago.</summary>
    public double IndexAge { get; init; } = 2;

    public double RetrievalFails { get; init; } = 0.003;

    public double RetrievalSlowness { get; init; } = 1;

    public double ProviderFails { get; init; } = 0.01;

    public double ProviderSlowness { get; init; } = 1;

    public double ToolFails { get; init; } = 0.01;

    /// <summary>A prompt that no release carries, and how many requests get it.</summary>
    public (double Share, PromptPart Prompt) Edit { get; init; } = (0, new());

    /// <summary>The slice that suffers, by how much in log-odds, and how many of its requests fail outright.</summary>
    public (Slice Slice, double Loss, double Errors) Broken { get; init; }

    /// <summary>Whether the broken slice is served by weights that the release does not name.</summary>
    public bool WrongWeights { get; init; }

    /// <summary>Servers that have leaked so much that they are this much slower.</summary>
    public double Leak { get; init; }

    public double AttackShare { get; init; } = 0.02;

    /// <summary>How many of the attacks follow one template.</summary>
    public double AttackTemplate { get; init; } = 0.1;

    /// <summary>Good answers that the judge calls bad, and bad ones that it calls good.</summary>
    public (double False, double Missed) Judge { get; init; } = (0.03, 0.1);

    /// <summary>Share of planned judgements that are made.</summary>
    public double JudgeRuns { get; init; } = 0.98;

    /// <summary>Good outcomes that are lost on the way to the store.</summary>
    public double LostGood { get; init; } = 0.003;

    /// <summary>Minutes until a label arrives, on average.</summary>
    public double LabelLag { get; init; } = 20;

    /// <summary>How many requests there are for each that the servers were bought for.</summary>
    public double Load { get; init; } = 1;
}
