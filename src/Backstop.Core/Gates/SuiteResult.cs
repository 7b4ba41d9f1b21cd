namespace Backstop.Core.Gates;

/// <summary>What a suite of files found about a release: evidence that stays with the release.</summary>
public sealed record SuiteResult
{
    /// <summary>The suite's id.</summary>
    public required string Gate { get; init; }

    /// <summary>SHA-256 of all its files.</summary>
    public required string GateDigest { get; init; }

    /// <summary>Digest of the release that was asked.</summary>
    public required string Release { get; init; }

    /// <summary>What was counted.</summary>
    public required RunCounts Counts { get; init; }

    /// <summary>The limit it was held against.</summary>
    public required int FailIfMoreThan { get; init; }

    /// <summary>Probability of stopping a bad and a good release by this rule, where the suite assumes their rates.</summary>
    public double? Power { get; init; }

    /// <inheritdoc cref="Power"/>
    public double? FalseBlock { get; init; }

    /// <summary>Digest of the release it was compared with; null when it was with none.</summary>
    public string? Against { get; init; }

    /// <summary>The comparison with it.</summary>
    public PairedComparison? Paired { get; init; }

    /// <inheritdoc cref="PassRule.WorseIfBelow"/>
    public double WorseIfBelow { get; init; } = 0.01;

    /// <summary>When it was told.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who told it.</summary>
    public required string Actor { get; init; }

    /// <summary>Drawn from the counts, whoever told them.</summary>
    public GateVerdict Verdict => VerdictOf(Counts, FailIfMoreThan, Counts.Runs, Paired, WorseIfBelow);

    /// <summary>The verdict of counts: worse than the release they are compared with stops a release too, whatever the limit says; and where that one does not answer, nobody knows.</summary>
    public static GateVerdict VerdictOf(RunCounts counts, int failIfMoreThan, int runs, PairedComparison? paired, double worseIfBelow) =>
        (counts.Judge(failIfMoreThan, runs), paired?.IsWorse(worseIfBelow)) switch
        {
            (GateVerdict.Passed, true) => GateVerdict.Failed,
            (GateVerdict.Passed, null) when paired is not null => GateVerdict.Inconclusive,
            (var verdict, _) => verdict,
        };
}
