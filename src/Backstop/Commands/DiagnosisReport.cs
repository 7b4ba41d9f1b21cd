using System.Collections.Immutable;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Commands;

/// <summary>The findings of <c>backstop incident diagnose --json</c>; docs/incidents.md tells its members.</summary>
/// <param name="Suspect">The one that is probable enough to be named, else <c>unknown</c>.</param>
/// <param name="RollbackHelps"><c>yes</c>, <c>no</c> or <c>unknown</c>.</param>
/// <param name="ProbabilityRollbackHelps">By the contrasts alone; null without one.</param>
/// <param name="Suspects">Probabilities sum to 1.</param>
/// <param name="DiscriminatingAction">What tells most about the cause for its cost; null when nothing would.</param>
internal sealed record DiagnosisReport(
    string Id,
    SuspectKind Suspect,
    string RollbackHelps,
    double? ProbabilityRollbackHelps,
    bool Precautionary,
    ImmutableArray<DiagnosisReport.Row> Suspects,
    ImmutableArray<CauseProbability> Causes,
    ImmutableArray<DiagnosisReport.Part> Compound,
    Mitigation Mitigation,
    string? DiscriminatingAction,
    ImmutableArray<DiscriminatingAction> NextActions,
    ArmPattern? Pattern,
    ImmutableArray<Evidence> Evidence,
    ImmutableArray<string> Notes,
    string SignatureTable)
{
    public static DiagnosisReport Of(IncidentCase incident, Findings findings) => new(
        incident.Id,
        findings.Named,
        findings.Rollback switch { RollbackAdvice.Helps => "yes", RollbackAdvice.DoesNotHelp => "no", _ => "unknown" },
        findings.Pattern is { } p ? p.Release + p.Compound : null,
        findings.Precautionary,
        [.. findings.Suspects.Select(s => new Row(s.Kind, s.Probability, s.Involved, s.Because))],
        [.. findings.Causes.Where(c => c.Probability >= 0.005)],
        [.. findings.Compound.Select(c => new Part(c.Cause, Core.Incidents.Suspects.SignatureTable.KindOf(c.Cause), c.Share))],
        findings.Mitigation,
        findings.NextActions is [{ } first, ..] ? first.Words : null,
        findings.NextActions,
        findings.Pattern,
        findings.Evidence,
        findings.Notes,
        Core.Incidents.Suspects.SignatureTable.Version);

    internal sealed record Row(SuspectKind Suspect, double Probability, double Involved, string Because);

    internal sealed record Part(Cause Cause, SuspectKind Suspect, double? Share);
}
