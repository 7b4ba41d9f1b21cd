using System.Collections.Immutable;
using Backstop.Core.Gates;
using Backstop.Core.Registry;

namespace Backstop.Control.Gates;

/// <summary>Which gate of an alias stops which of the releases that were bad.</summary>
/// <param name="Answers">Answers that all enforcing and shadowing gates together ask for at a promotion.</param>
/// <param name="FalseBlock">Probability that a release as good as the good ones is stopped by one of the enforcing gates, at most.</param>
/// <param name="Unstopped">Bad releases that no gate stops.</param>
/// <param name="Dispensable">Gates that could be retired together: the others stop each release twice.</param>
public sealed record MatrixView(
    string Alias, MatrixRowView[] Gates, string[] Releases, int Answers, double FalseBlock, ImmutableArray<string> Unstopped, ImmutableArray<string> Dispensable)
{
    /// <summary>The view of a matrix.</summary>
    public static MatrixView Of(string alias, KillMatrix matrix, ImmutableArray<Gate> gates, ImmutableArray<Release> bad, DateTimeOffset now)
    {
        var names = bad.ToDictionary(r => r.Digest, r => r.Name, StringComparer.Ordinal);
        return new(
            alias,
            [
                .. gates.Zip(matrix.Rows, (gate, row) => new MatrixRowView(
                    gate.Id,
                    gate.State.ToString().ToLowerInvariant(),
                    gate.Owner,
                    gate.ReviewBy,
                    gate.ReviewBy < now,
                    row.Answers,
                    gate.FalseBlocks.Length,
                    row.Verdicts.ToImmutableSortedDictionary(v => names[v.Key], v => v.Value.ToString().ToLowerInvariant(), StringComparer.Ordinal),
                    [.. matrix.OnlyBy(gate.Id).Select(digest => names[digest])])),
            ],
            [.. bad.Select(r => r.Name)],
            gates.Where(g => g.State is GateState.Enforcing or GateState.Shadow).Sum(g => g.Runs),
            1 - gates.Where(g => g.State == GateState.Enforcing).Aggregate(1.0, (passes, g) => passes * (1 - g.FalseBlock)),
            [.. matrix.Unstopped.Select(digest => names[digest])],
            matrix.Dispensable());
    }
}

/// <summary>One gate of the matrix.</summary>
/// <param name="Overdue">Whether its owner should have said by now that it is still wanted.</param>
/// <param name="Verdicts">By name of the release: failed (it stops it), passed, or inconclusive where nobody answers.</param>
/// <param name="OnlyBy">Releases that no other gate stops.</param>
public sealed record MatrixRowView(
    string Gate,
    string State,
    string Owner,
    DateTimeOffset ReviewBy,
    bool Overdue,
    int Answers,
    int FalseBlocks,
    IReadOnlyDictionary<string, string> Verdicts,
    ImmutableArray<string> OnlyBy);
