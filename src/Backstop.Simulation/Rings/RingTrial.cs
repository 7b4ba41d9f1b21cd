using Backstop.Core.Guards;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Training;

namespace Backstop.Simulation.Rings;

/// <summary>What the checks of a ring miss, each by itself and all together, counted on labelled texts.</summary>
public static class RingTrial
{
    /// <summary>Runs every check over every text.</summary>
    /// <param name="checks">As the policy uses them.</param>
    /// <param name="progress">Told which share of the work is done.</param>
    public static RingEscapes Run(
        IReadOnlyList<CheckUse> checks, StreamingPolicy streaming, IReadOnlyList<LabelledText> texts, Action<double>? progress = null)
    {
        var compiled = checks.Select(use => CheckCatalog.Create(use, streaming, use.Id)).ToArray();
        var flagged = new bool[texts.Count][];
        for (var i = 0; i < texts.Count; i++)
        {
            flagged[i] = [.. compiled.Select(check => CheckTrial.Scan(check, texts[i].Text).Count > 0)];
            progress?.Invoke((i + 1.0) / texts.Count);
        }

        bool[][] harmful = [.. Enumerable.Range(0, texts.Count).Where(i => texts[i].Positive == true).Select(i => flagged[i])];
        bool[][] harmless = [.. Enumerable.Range(0, texts.Count).Where(i => texts[i].Positive == false).Select(i => flagged[i])];
        return new RingEscapes(harmful.Length, harmless.Length, [.. Ranked(checks, harmful, harmless)]);
    }

    // The check that catches most comes first, then whichever catches most of what is left: the order in which to add them.
    private static IEnumerable<RingStep> Ranked(IReadOnlyList<CheckUse> checks, bool[][] harmful, bool[][] harmless)
    {
        var (left, chosen, missRates) = (Enumerable.Range(0, checks.Count).ToList(), new List<int>(), new List<double>());
        while (left.Count > 0)
        {
            var next = left.MinBy(check => harmful.Count(row => !row[check] && !chosen.Exists(earlier => row[earlier])));
            left.Remove(next);
            chosen.Add(next);
            missRates.Add(Share(harmful, row => !row[next]));
            yield return new RingStep(
                checks[next].Id,
                Of(harmful, row => !row[next]),
                EscapeFormula.Independent(missRates),
                Of(harmful, row => !chosen.Exists(check => row[check])),
                Of(harmless, row => chosen.Exists(check => row[check])));
        }
    }

    private static double Share(bool[][] rows, Func<bool[], bool> counts) => rows.Length == 0 ? 1 : rows.Count(counts) / (double)rows.Length;

    private static Proportion? Of(bool[][] rows, Func<bool[], bool> counts) => rows.Length == 0 ? null : Proportion.Of(rows.Count(counts), rows.Length);
}

/// <summary>Checks in the order in which each catches most of what those before it miss.</summary>
public sealed record RingEscapes(int Harmful, int Harmless, IReadOnlyList<RingStep> Steps);

/// <summary>One more check.</summary>
/// <param name="Misses">Share of the harmful texts that this check alone lets pass.</param>
/// <param name="Product">What would escape all checks so far if they failed independently.</param>
/// <param name="Escapes">What does escape all of them, counted.</param>
/// <param name="FalsePositives">Share of the harmless texts that any of them flags.</param>
public sealed record RingStep(string Check, Proportion? Misses, double Product, Proportion? Escapes, Proportion? FalsePositives);
