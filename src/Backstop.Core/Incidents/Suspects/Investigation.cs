using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Answers both questions about a case: does rolling back help, and what broke.</summary>
/// <remarks>
/// The first is decided by the randomised contrast of the arms alone; no change and no signature may overrule it. The second is
/// Bayes' rule over <see cref="Cause"/>s, one alone or two at once: prior from the ledger (<see cref="ChangePrior"/>), likelihood
/// from the contrasts and from which signals moved (<see cref="SignatureTable"/>).
/// </remarks>
public static class Investigation
{
    /// <summary>How probable a suspect must be to be named.</summary>
    public const double Named = 0.6;

    /// <summary>How probable it must be that two things are wrong for both to be named.</summary>
    public const double NamedTogether = 0.5;

    /// <summary>Investigates.</summary>
    public static Findings Of(IncidentCase incident)
    {
        ImmutableArray<ArmContrast> contrasts = incident.AssignmentHolds ? [.. incident.Contrasts.Select(ArmContrast.Of)] : [];
        var signals = Movements(incident, contrasts);
        var posterior = Hypothesis.Posterior(incident, signals, contrasts);
        var pattern = ArmContrast.Combine(contrasts);
        var causes = SignatureTable.All.Select(cause => Probability(cause, posterior)).OrderByDescending(c => c.Probability).ToImmutableArray();
        var findings = new Findings
        {
            Pattern = pattern,
            Rollback = Advise(pattern),
            Severe = incident.Severe,
            Causes = causes,
            Suspects = [.. causes
                .GroupBy(c => SignatureTable.KindOf(c.Cause))
                .Select(same => new Suspicion(
                    same.Key, same.Sum(c => c.Probability), Involved(same.Key, posterior), Because.Of(same.First().Cause, incident, signals, contrasts)))
                .OrderByDescending(s => s.Probability)],
            Compound = Together(posterior, pattern, contrasts),
            Evidence = Because.Everything(incident, signals, contrasts),
            NextActions = DiscriminatingAction.Ranked(incident, causes),
            Notes = Notes(incident, signals),
        };
        return findings.Contradicts
            ? findings with { Notes = findings.Notes.Add("the arms blame the release, and what moved blames something else: judge more of the holdback before it is rolled back") }
            : findings;
    }

    private static RollbackAdvice Advise(ArmPattern? pattern) => pattern switch
    {
        null => RollbackAdvice.Inconclusive,
        { BlamesRelease: true } => RollbackAdvice.Helps,
        { } p when p.Shared + p.None >= Diagnosis.Sure => RollbackAdvice.DoesNotHelp,
        _ => RollbackAdvice.Inconclusive,
    };

    // Of several features or routes one is enough, but many give chance many tries: the average is the fair factor.
    private static ImmutableArray<Movement> Movements(IncidentCase incident, ImmutableArray<ArmContrast> contrasts) =>
    [
        .. incident.Signals
            .Where(signal => contrasts.All(c => c.Counts.Name != signal.Name))
            .GroupBy(signal => signal.Name, StringComparer.Ordinal)
            .Select(same => new Movement(same.Key, [.. same], SpecialFunctions.LogSumExp([.. same.Select(SignalChange.LogBayesFactor)]) - Math.Log(same.Count()))),
    ];

    private static CauseProbability Probability(Cause cause, double[] posterior)
    {
        var sum = 0.0;
        for (var h = 0; h < posterior.Length; h++)
        {
            var hypothesis = Hypothesis.All[h];
            sum += hypothesis.Has(cause) ? posterior[h] / (hypothesis.Second is null ? 1 : 2) : 0;
        }

        return new(cause, sum);
    }

    private static double Involved(SuspectKind kind, double[] posterior) =>
        Hypothesis.All.Zip(posterior).Sum(h => h.First.Causes.Any(c => SignatureTable.KindOf(c) == kind) ? h.Second : 0);

    private static ImmutableArray<CauseShare> Together(double[] posterior, ArmPattern? pattern, ImmutableArray<ArmContrast> contrasts)
    {
        var pairs = Hypothesis.All.Zip(posterior).Where(h => h.First.IsCompound).ToList();
        var byArms = pattern is { Compound: >= NamedTogether };
        if (!byArms && pairs.Sum(h => h.Second) < NamedTogether)
        {
            return [];
        }

        var best = pairs.Where(h => !byArms || h.First.IsMixed).MaxBy(h => h.Second).First;
        var share = best.IsMixed ? contrasts.FirstOrDefault(c => c.Pattern.Compound >= Math.Max(c.Pattern.Release, c.Pattern.Shared))?.ReleaseShare() : null;
        return [.. best.Causes.Select(cause => new CauseShare(cause, SignatureTable.ReachOf(cause) == Reach.Release ? share : 1 - share))];
    }

    private static ImmutableArray<string> Notes(IncidentCase incident, ImmutableArray<Movement> signals) =>
    [
        .. incident.Notes,
        .. incident is { AssignmentHolds: false, Contrasts.Length: > 0 } ? (string[])["the arms are not as large as the plan says: no contrast is believed"] : [],
        .. incident.Signals.Select(s => s.Name).Distinct(StringComparer.Ordinal).Where(name => signals.All(s => s.Name != name))
            .Select(name => $"signal '{name}' was left out: it is counted per arm already"),
    ];
}

/// <summary>One signal with how strongly its readings say that it moved.</summary>
internal sealed record Movement(string Name, ImmutableArray<Signal> Readings, double LogBayesFactor);
