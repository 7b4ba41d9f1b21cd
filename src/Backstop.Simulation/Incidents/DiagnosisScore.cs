using System.Collections.Immutable;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Incidents;

/// <summary>How well one method did.</summary>
/// <param name="Top1">Right suspect of nine and none, over all cases. Of two causes either is right.</param>
/// <param name="Top2">Right among the first two choices.</param>
/// <param name="FourWay">Right suspect where it is the model, the data, the prompt or an upstream.</param>
/// <param name="Sure80">Right among the 80 % of the cases that it is surest of.</param>
/// <param name="Answered">Share of the cases in which it is sure enough to name somebody.</param>
/// <param name="RightWhenAnswered">Right among those.</param>
/// <param name="Specificity">Nobody named where nothing was wrong.</param>
/// <param name="UselessRollback">Rolling back advised where it does not help.</param>
/// <param name="MissedRollback">Not advised where it helps.</param>
/// <param name="ForbiddenRollback">Said to be useless where it helps.</param>
/// <param name="BothNamed">Of the cases with two suspects, those where both were named together.</param>
/// <param name="CalibrationError">Mean distance between how sure it is and how often it is right, over ten bins.</param>
/// <param name="Brier">Mean square of the same.</param>
/// <param name="RiskCoverage">Share answered and share right of those, from the surest.</param>
public sealed record DiagnosisScore(
    string Method,
    Proportion Top1,
    Proportion Top2,
    Proportion? FourWay,
    Proportion Sure80,
    Proportion Answered,
    Proportion? RightWhenAnswered,
    Proportion? Specificity,
    Proportion? UselessRollback,
    Proportion? MissedRollback,
    Proportion? ForbiddenRollback,
    Proportion? BothNamed,
    double CalibrationError,
    double Brier,
    ImmutableArray<RiskAtCoverage> RiskCoverage,
    ImmutableArray<FamilyScore> Families);

/// <summary>Of the surest share of the cases, how many were right.</summary>
public sealed record RiskAtCoverage(double Coverage, double Right);

/// <summary>One family's figures.</summary>
public sealed record FamilyScore(string Family, Proportion Top1, double RollbackAdvised, string MostOften);

/// <summary>Collects answers, in any order, and makes the figures.</summary>
public sealed class DiagnosisTally(string method)
{
    private readonly Lock _lock = new();
    private readonly List<Row> _rows = [];

    /// <summary>Adds one answer.</summary>
    /// <param name="number">Of the case, so that ties fall alike in every run.</param>
    public void Add(int number, CaseTruth truth, Answer answer)
    {
        var right = truth.Suspects.IsEmpty ? answer.Suspect == SuspectKind.None : truth.Suspects.Contains(answer.Suspect);
        var second = right || (truth.Suspects.IsEmpty ? answer.Second == SuspectKind.None : truth.Suspects.Contains(answer.Second));
        lock (_lock)
        {
            _rows.Add(new(number, truth, answer, right, second));
        }
    }

    /// <summary>The figures of everything added.</summary>
    public DiagnosisScore Close()
    {
        var rows = _rows.OrderBy(r => r.Number).ToList();
        var surest = rows.OrderByDescending(r => r.Answer.Sure).ToList();
        var answered = rows.Where(r => r.Answer.Sure >= Investigation.Named).ToList();
        return new(
            method,
            Of(rows, r => r.Right)!,
            Of(rows, r => r.Second)!,
            Of(rows.Where(r => !r.Truth.Suspects.IsEmpty && r.Truth.Suspects.All(IsOneOfFour)), r => r.Right),
            Of(surest.Take(Math.Max(1, rows.Count * 4 / 5)), r => r.Right)!,
            Proportion.Of(answered.Count, rows.Count),
            Of(answered, r => r.Right),
            Of(rows.Where(r => r.Truth.Suspects.IsEmpty), r => r.Right || r.Answer.Sure < Investigation.Named),
            Of(rows.Where(r => !r.Truth.RollbackHelps), r => r.Answer.Rollback == RollbackAdvice.Helps),
            Of(rows.Where(r => r.Truth.RollbackHelps), r => r.Answer.Rollback != RollbackAdvice.Helps),
            Of(rows.Where(r => r.Truth.RollbackHelps), r => r.Answer.Rollback == RollbackAdvice.DoesNotHelp),
            Of(rows.Where(r => r.Truth.Suspects.Length > 1), r => r.Truth.Suspects.All(r.Answer.Together.Contains)),
            rows.GroupBy(r => Math.Min(9, (int)(r.Answer.Sure * 10)))
                .Sum(bin => Math.Abs(bin.Average(r => r.Answer.Sure) - bin.Average(r => r.Right ? 1 : 0)) * bin.Count() / rows.Count),
            rows.Average(r => Math.Pow(r.Answer.Sure - (r.Right ? 1 : 0), 2)),
            [.. Enumerable.Range(1, 10).Select(tenth => Risk(surest, tenth / 10.0))],
            [.. rows.GroupBy(r => r.Truth.Family ?? "no family").Select(Family)]);
    }

    private static FamilyScore Family(IGrouping<string, Row> family) => new(
        family.Key,
        Of(family, r => r.Right)!,
        family.Average(r => r.Answer.Rollback == RollbackAdvice.Helps ? 1 : 0),
        SignatureTable.Snake(family.GroupBy(r => r.Answer.Suspect).MaxBy(g => g.Count())!.Key));

    private static RiskAtCoverage Risk(List<Row> surest, double coverage) =>
        new(coverage, surest.Take(Math.Max(1, (int)(surest.Count * coverage))).Average(r => r.Right ? 1 : 0));

    private static bool IsOneOfFour(SuspectKind kind) => kind is SuspectKind.Model or SuspectKind.Data or SuspectKind.Prompt or SuspectKind.Upstream;

    private static Proportion? Of(IEnumerable<Row> rows, Func<Row, bool> hit)
    {
        var all = rows.ToList();
        return all.Count == 0 ? null : Proportion.Of(all.Count(hit), all.Count);
    }

    private sealed record Row(int Number, CaseTruth Truth, Answer Answer, bool Right, bool Second);
}
