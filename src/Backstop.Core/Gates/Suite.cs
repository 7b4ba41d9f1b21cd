using System.Collections.Immutable;
using Backstop.Core.Gates.Outside;

namespace Backstop.Core.Gates;

/// <summary>A gate as people write it: cases in a file, what judges their answers, and how many may fail.</summary>
public sealed record Suite
{
    /// <summary>Names it in reports.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of all its files: other questions or checks make another suite.</summary>
    public required string Digest { get; init; }

    /// <summary>What is asked.</summary>
    public required ImmutableArray<SuiteCase> Cases { get; init; }

    /// <summary>How many fresh answers each case gets.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>When it passes.</summary>
    public required PassRule Rule { get; init; }

    /// <summary>Checks that others make of every answer that the cases' own checks pass.</summary>
    public ImmutableArray<OutsideCheck> Outside { get; init; } = [];

    /// <summary>Answers of one whole run.</summary>
    public int Runs => Cases.Length * Samples;

    /// <inheritdoc cref="RunCounts.Judge"/>
    public GateVerdict Judge(RunCounts counts) => counts.Judge(Rule.FailIfMoreThan, Runs);
}

/// <summary>One question with what its answer must be.</summary>
/// <param name="Id">Names the case inside its suite.</param>
/// <param name="Messages">What is asked, oldest first; without the system prompt, which the release brings.</param>
/// <param name="Expected">Right answers, any of which will do; empty when only the checks judge.</param>
/// <param name="Checks">All of them must hold.</param>
public sealed record SuiteCase(string Id, ImmutableArray<GateMessage> Messages, ImmutableArray<string> Expected, ImmutableArray<Scorer> Checks)
{
    /// <summary>What became of one answer: the first check that does not hold says so; what nobody knows is never a pass.</summary>
    public RunOutcome Score(ModelAnswer answer)
    {
        var outcomes = Checks.Select(check => Expected.IsEmpty
            ? check.Score(answer, null)
            : Expected.Select(right => check.Score(answer, right)).OrderBy(o => o is RunOutcome.Passed ? 0 : 1).First()).ToList();
        return outcomes.Find(o => o is RunOutcome.Failed) ?? outcomes.Find(o => o is RunOutcome.Unknown) ?? RunOutcome.Passed.Instance;
    }
}
