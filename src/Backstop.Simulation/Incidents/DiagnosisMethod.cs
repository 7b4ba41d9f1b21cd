using System.Collections.Immutable;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Incidents;

/// <summary>What one method answered.</summary>
/// <param name="Suspect">Its first choice.</param>
/// <param name="Sure">How sure it is of that, 0 to 1.</param>
/// <param name="Second">Its second choice.</param>
/// <param name="Rollback">Whether it advises rolling back.</param>
/// <param name="Together">Whom it blames together; empty when one explains it all.</param>
public sealed record Answer(SuspectKind Suspect, double Sure, SuspectKind Second, RollbackAdvice Rollback, ImmutableArray<SuspectKind> Together);

/// <summary>A case as it is put before every method.</summary>
/// <param name="Closer">The same after a closer look, where one can be had.</param>
/// <param name="Seed">The luck of those who guess.</param>
public sealed record PresentedCase(IncidentCase First, Func<IncidentCase>? Closer, ulong Seed)
{
    /// <summary>What our diagnosis says of the first look: two methods ask for it.</summary>
    internal Lazy<Findings> Findings { get; } = new(() => Investigation.Of(First));
}

/// <summary>A way to find the cause: ours, and the rules of thumb beside it.</summary>
public sealed record DiagnosisMethod(string Name, Func<PresentedCase, Answer> Diagnose)
{
    private static readonly SuspectKind[] Kinds = [.. SignatureTable.All.Select(SignatureTable.KindOf).Distinct().Where(k => k != SuspectKind.Unknown)];

    public static readonly ImmutableArray<DiagnosisMethod> All =
    [
        new("ours", Ours),
        new("ours, first look only", shown => Ours(shown.Findings.Value)),
        new("ours without a holdback", shown => WithoutHoldback(shown.First)),
        new("last deploy", shown => LastChange(shown.First)),
        new("largest anomaly", shown => Largest(shown.First)),
        new("random", shown => Anybody(new SplitMix64(shown.Seed).Split())),
    ];

    // What the first look leaves open, a closer one of both arms may tell: it costs judging, and no user anything.
    private static Answer Ours(PresentedCase shown)
    {
        var findings = shown.Findings.Value;
        return Ours(findings.IsOpen && shown.Closer is { } closer ? Investigation.Of(closer()) : findings);
    }

    // "Unknown" is no suspect: it takes its part of the probability and is never the first choice.
    private static Answer Ours(Findings findings)
    {
        var suspects = findings.Suspects.Where(s => s.Kind != SuspectKind.Unknown).ToList();
        return new(suspects[0].Kind, suspects[0].Involved, suspects[1].Kind, findings.Rollback, [.. findings.Compound.Select(c => SignatureTable.KindOf(c.Cause)).Distinct()]);
    }

    // The same table and ledger; what the arms would say must be guessed from the name of the suspect.
    private static Answer WithoutHoldback(IncidentCase incident)
    {
        var findings = Investigation.Of(incident with
        {
            Contrasts = [],
            Signals = [.. incident.Signals, .. incident.Contrasts.Where(c => c.Baseline is not null).Select(c => new Signal(
                c.Name, new(c.Baseline!.N, c.Baseline.Hits), new(c.Production.N, c.Production.Hits)))],
        });
        var release = findings.Causes.Where(c => SignatureTable.ReachOf(c.Cause) == Reach.Release).Sum(c => c.Probability);
        return Ours(findings) with { Rollback = release >= 0.5 ? RollbackAdvice.Helps : RollbackAdvice.DoesNotHelp };
    }

    private static Answer LastChange(IncidentCase incident)
    {
        var last = incident.Onset?.At is { } onset
            ? incident.Changes.Where(c => c.At is { } at && at <= onset + TimeSpan.FromMinutes(5) && at >= onset - TimeSpan.FromMinutes(30)).MaxBy(c => c.At)
            : null;
        return Blame(last?.Parts.SelectMany(part => SignatureTable.SuspectsOf(part)).Select(cause => (Cause?)cause).FirstOrDefault());
    }

    private static Answer Largest(IncidentCase incident)
    {
        var signal = incident.Signals.MaxBy(SignalChange.LogBayesFactor);
        return Blame(signal is null || SignalChange.LogBayesFactor(signal) < 1 ? null : SignatureTable.All.MaxBy(cause => SignatureTable.Moves(signal.Name, cause)));
    }

    private static Answer Blame(Cause? cause) => new(
        SignatureTable.KindOf(cause ?? Cause.None), 1, SuspectKind.Unknown, cause is { } c && SignatureTable.ReachOf(c) == Reach.Release ? RollbackAdvice.Helps : RollbackAdvice.DoesNotHelp, []);

    private static Answer Anybody(SplitMix64 luck) => new(
        Kinds[(int)(luck.Uniform() * Kinds.Length)], 1.0 / Kinds.Length, Kinds[(int)(luck.Uniform() * Kinds.Length)], luck.Chance(0.5) ? RollbackAdvice.Helps : RollbackAdvice.DoesNotHelp, []);
}
