using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>How far a gate may act.</summary>
public enum GateState
{
    /// <summary>Written, and not run at promotions.</summary>
    Draft,

    /// <summary>Run at promotions; its answer is recorded and stops nothing.</summary>
    Shadow,

    /// <summary>A release that does not pass gets no traffic.</summary>
    Enforcing,

    /// <summary>Taken out of force because it is doubted; not run until somebody decides about it.</summary>
    Quarantined,

    /// <summary>Not worth its cost any more; kept for the record.</summary>
    Retired,
}

/// <summary>A condition a release must meet before it gets traffic: cases, and how many answers to them may fail.</summary>
public sealed record Gate
{
    /// <summary>How long a run may take where nobody says otherwise.</summary>
    public const int DefaultBudgetSeconds = 120;

    /// <summary>So many false blocks put a gate out of force: it is doubted until somebody decides about it.</summary>
    public const int MostFalseBlocks = 2;

    /// <summary>Names the gate in commands, reasons and files.</summary>
    public required string Id { get; init; }

    /// <summary>The alias whose candidates it judges.</summary>
    public required string Alias { get; init; }

    /// <summary>What is asked.</summary>
    public required ImmutableArray<GateCase> Cases { get; init; }

    /// <summary>How many fresh answers each case gets.</summary>
    public required int SamplesPerCase { get; init; }

    /// <summary>The release fails when more answers than this fail.</summary>
    public required int FailIfMoreThan { get; init; }

    /// <summary>
    /// The guard policy answers are screened with besides the release's own, as JSON; null for none. It is set when the
    /// incident's release changed its policy: a release that drops the check which would have stopped it must not pass.
    /// </summary>
    public string? ExtraPolicy { get; init; }

    /// <summary>Failure rate that bad releases are assumed to have, as it was measured.</summary>
    public required RateBounds BadFailRate { get; init; }

    /// <summary>Failure rate that good releases are assumed to have, as it was measured.</summary>
    public required RateBounds GoodFailRate { get; init; }

    /// <summary>Probability of stopping a release that is as bad as the lower bound of the bad rate.</summary>
    public required double Power { get; init; }

    /// <summary>Probability of stopping a release that is as good as the upper bound of the good rate.</summary>
    public required double FalseBlock { get; init; }

    /// <inheritdoc cref="GateState"/>
    public GateState State { get; init; } = GateState.Draft;

    /// <summary>Who answers for it.</summary>
    public required string Owner { get; init; }

    /// <summary>The incident it came from, or null when a person wrote it.</summary>
    public string? IncidentId { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its owner must say whether it is still worth its cost.</summary>
    public required DateTimeOffset ReviewBy { get; init; }

    /// <summary>The proof that it works, or null while there is none.</summary>
    public Certificate? Certificate { get; init; }

    /// <summary>How long one run may take; what is not answered by then has no outcome.</summary>
    public int BudgetSeconds { get; init; } = DefaultBudgetSeconds;

    /// <summary>Times that it stopped what it should not have, oldest first.</summary>
    public ImmutableArray<FalseBlock> FalseBlocks { get => field.IsDefault ? [] : field; init; } = [];

    /// <summary>Answers of one run of the gate.</summary>
    public int Runs => Cases.Length * SamplesPerCase;

    /// <summary>It stopped a release that it should not have: each release counts once. With the last that is borne it is quarantined.</summary>
    public Gate Dispute(FalseBlock block)
    {
        if (FalseBlocks.Any(b => b.Release == block.Release))
        {
            return this;
        }

        var blocks = FalseBlocks.Add(block);
        return this with { FalseBlocks = blocks, State = State == GateState.Enforcing && blocks.Length >= MostFalseBlocks ? GateState.Quarantined : State };
    }

    /// <summary>How far it may act from now on, by a person's word. What was disputed before is settled when it is to enforce again.</summary>
    public Gate Set(GateState state) => this with { State = state, FalseBlocks = state == GateState.Enforcing ? [] : FalseBlocks };

    /// <inheritdoc cref="RunCounts.Judge"/>
    public GateVerdict Judge(RunCounts counts) => counts.Judge(FailIfMoreThan, Runs);
}

/// <summary>A gate stopped a release that it should not have.</summary>
/// <param name="At">When that was said.</param>
/// <param name="Release">Digest of the release.</param>
/// <param name="By">Who says so.</param>
/// <param name="Why">What makes them think so.</param>
public sealed record FalseBlock(DateTimeOffset At, string Release, string By, string Why);

/// <summary>What a gate says about a release. Only <see cref="Passed"/> lets it through; none of them rolls anything back.</summary>
public enum GateVerdict
{
    Passed,
    Failed,

    /// <summary>Too many runs have no known outcome.</summary>
    Inconclusive,
}

/// <summary>What a gate said about a release.</summary>
/// <param name="GateId">The gate.</param>
/// <param name="Release">Digest of the release.</param>
/// <param name="Verdict">The answer.</param>
/// <param name="Counts">What it rests on.</param>
/// <param name="FailIfMoreThan">The limit it was held against.</param>
public sealed record GateResult(string GateId, string Release, GateVerdict Verdict, RunCounts Counts, int FailIfMoreThan)
{
    /// <summary>Whether the release may pass.</summary>
    public bool Passed => Verdict == GateVerdict.Passed;

    /// <summary>The answer in words.</summary>
    public string Reason => Verdict switch
    {
        GateVerdict.Passed => $"{GateId} passed: {Counts.Failures} of {Counts.Runs} answers failed, {FailIfMoreThan} may.",
        GateVerdict.Failed => $"{GateId} failed: {Counts.Failures} of {Counts.Runs} answers failed, {FailIfMoreThan} may.",
        _ => $"{GateId} could not be answered: {Counts.Errors} of {Counts.Runs} runs gave no answer ({FirstError}). Repair that and try again.",
    };

    private string FirstError =>
        Counts.Reasons.Keys.FirstOrDefault(r => r.StartsWith("error: ", StringComparison.Ordinal))?["error: ".Length..] ?? "not all were run";
}
