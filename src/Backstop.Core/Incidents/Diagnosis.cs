using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Registry;

namespace Backstop.Core.Incidents;

/// <summary>Whether returning to the previous release would help.</summary>
public enum RollbackAdvice
{
    /// <summary>Nobody knows yet. Rolling back is safe where it can be undone.</summary>
    Inconclusive,

    /// <summary>The release is to blame, alone or with something else.</summary>
    Helps,

    /// <summary>Both arms are equally bad, or neither is: the previous release would do no better.</summary>
    DoesNotHelp,
}

/// <summary>What may have gone wrong.</summary>
public enum SuspectKind
{
    Model,
    Prompt,
    Data,
    Upstream,
    Guard,
    Attack,
    Serving,
    Measurement,

    /// <summary>Nothing: a false alarm.</summary>
    None,
    Unknown,
}

/// <summary>A suspect with how probable it is, 0 to 1, and why.</summary>
public sealed record Suspect(SuspectKind Kind, double Probability, string Because);

/// <summary>Two answers that are easily confused: does rolling back help, and what broke.</summary>
/// <remarks>
/// The first is decided by the randomised contrast of the two arms alone; no change event and no signature may overrule it.
/// The second can only be one of the parts that changed, if the release is to blame. Which of several changed parts it was
/// cannot be told from outside: that takes a replay with one part changed at a time, so they share the suspicion equally.
/// </remarks>
public sealed record Diagnosis
{
    /// <summary>How probable a pattern must be to act on it.</summary>
    public const double Sure = 0.9;

    // How far a failure rate wanders from day to day when nothing is wrong.
    private const double Wobble = 0.01;

    /// <summary>Probability of each explanation of the two arms' failures.</summary>
    public required ArmPattern Pattern { get; init; }

    /// <inheritdoc cref="RollbackAdvice"/>
    public required RollbackAdvice Rollback { get; init; }

    /// <summary>Whether the two-arm test crossed its threshold. What is only probable may be taken back by more evidence.</summary>
    public bool Proven { get; init; }

    /// <summary>The most probable first.</summary>
    public required ImmutableArray<Suspect> Suspects { get; init; }

    /// <summary>What it rests on, in sentences with numbers.</summary>
    public required ImmutableArray<string> Findings { get; init; }

    /// <summary>The suspects that are at work together, with their share of the new failures; empty when one explains it all.</summary>
    public ImmutableArray<CauseShare> Compound { get; init; } = [];

    /// <summary>The cause that is named; null when none is probable enough.</summary>
    public Cause? Cause { get; init; }

    /// <summary>What to do about the most probable suspect; null when nobody has asked what broke.</summary>
    public Mitigation? Mitigation { get; init; }

    /// <summary>What would tell most about the cause for its cost; null when nothing would.</summary>
    public string? NextAction { get; init; }

    /// <summary>Whether the release did it; null while nobody knows.</summary>
    public bool? ReleaseToBlame => Rollback switch
    {
        RollbackAdvice.Helps => true,
        RollbackAdvice.DoesNotHelp => false,
        _ => null,
    };

    /// <summary>The pattern of a judgement, around what the trusted release used to do.</summary>
    /// <param name="judgement">What both arms did.</param>
    /// <param name="history">The rates that the stage is judged around.</param>
    public static ArmPattern PatternOf(Judgement judgement, ControlRates history)
    {
        var (failures, units) = (0.0, 0.0);
        for (var stratum = 0; stratum < history.Rates.Length; stratum++)
        {
            // Where there is no history the prior of ordinary requests stands in.
            var weight = history.Units[stratum] + (stratum == 0 ? ControlRates.PriorWeight : 0);
            failures += weight * FailureRate(history.Rates[stratum]);
            units += weight;
        }

        var baseline = failures / units;
        return ArmPattern.Infer(
            Failures(judgement.Tested),
            judgement.Tested.Units,
            Failures(judgement.Control),
            judgement.Control.Units,
            baseline,
            Math.Sqrt((Wobble * Wobble) + (baseline * (1 - baseline) / units)));
    }

    /// <summary>Diagnoses from the contrast of the arms and from what changed.</summary>
    /// <param name="pattern">See <see cref="PatternOf"/>.</param>
    /// <param name="proven">Whether the two-arm test crossed its threshold, which is stronger than any pattern.</param>
    /// <param name="judgement">What both arms did, or null when a person reported it.</param>
    /// <param name="differences">What changed from the trusted release to the suspected one.</param>
    public static Diagnosis FromContrast(
        ArmPattern pattern, bool proven, Judgement? judgement, ImmutableArray<Difference> differences)
    {
        var rollback = pattern switch
        {
            _ when proven || pattern.Release + pattern.Compound >= Sure => RollbackAdvice.Helps,
            _ when pattern.Shared >= Sure || pattern.None >= Sure => RollbackAdvice.DoesNotHelp,
            _ => RollbackAdvice.Inconclusive,
        };
        return new()
        {
            Pattern = pattern,
            Proven = proven,
            Rollback = rollback,
            Suspects = SuspectsOf(pattern, proven, differences),
            Findings = [.. Explain(pattern, proven, judgement, rollback, differences)],
        };
    }

    private static ImmutableArray<Suspect> SuspectsOf(ArmPattern pattern, bool proven, ImmutableArray<Difference> differences)
    {
        var changed = differences.Where(d => KindOf(d) is not null).GroupBy(d => KindOf(d)!.Value).ToList();
        var release = proven ? Math.Max(pattern.Release + pattern.Compound, Sure) : pattern.Release + pattern.Compound;
        var rest = Math.Max(1 - pattern.Release - pattern.Compound, 1e-12);
        var scale = (1 - release) / rest;
        var suspects = changed.Select(part => new Suspect(
            part.Key, release / changed.Count, $"changed at {string.Join(", ", part.Select(d => d.Path))}")).ToList();
        var unknown = pattern.Shared * scale;
        if (changed.Count == 0)
        {
            unknown += release;
        }

        suspects.Add(new(SuspectKind.Unknown, unknown, "outside the release: data, an upstream or an attack reach both arms alike"));
        suspects.Add(new(SuspectKind.None, pattern.None * scale, "both arms may be as they always were"));
        return [.. suspects.OrderByDescending(s => s.Probability).ThenBy(s => s.Kind)];
    }

    /// <summary>The same answer to whether rolling back helps, with what an investigation found to have broken.</summary>
    public Diagnosis With(Findings findings) => this with
    {
        Suspects = [.. findings.Suspects.Where(s => s.Probability >= 0.005).Select(s => new Suspect(s.Kind, s.Probability, s.Because))],
        Compound = findings.Compound,
        Cause = findings.Cause,
        Mitigation = findings.Mitigation,
        NextAction = findings.NextActions is [{ } first, ..] ? first.Words : null,
    };

    /// <summary>The same after a rollback that did not help: the release's suspects are ten times less probable beside the others, and nobody advises it again.</summary>
    public Diagnosis DoubtRelease()
    {
        const double left = 0.1;
        var scaled = Suspects.Select(s => s with { Probability = s.Probability * (s.Kind is SuspectKind.Model or SuspectKind.Prompt or SuspectKind.Guard ? left : 1) }).ToList();
        var sum = Math.Max(scaled.Sum(s => s.Probability), 1e-12);
        ImmutableArray<Suspect> suspects = [.. scaled.Select(s => s with { Probability = s.Probability / sum }).OrderByDescending(s => s.Probability).ThenBy(s => s.Kind)];
        var named = suspects is [{ Probability: >= Investigation.Named } first, ..] && Cause is { } cause && SignatureTable.KindOf(cause) == first.Kind ? Cause : null;
        return this with { Suspects = suspects, Cause = named, Rollback = RollbackAdvice.DoesNotHelp, Mitigation = Mitigation.Of(named), Findings = [.. Findings, "It was rolled back and failures stayed: rolling back does not help."] };
    }

    /// <summary>The suspect that a changed part of a release belongs to; null when the part changes no answer.</summary>
    public static SuspectKind? KindOf(Difference difference) => difference.Component switch
    {
        "model" or "parameters" => SuspectKind.Model,
        "prompt" => SuspectKind.Prompt,
        "guard_policy" => SuspectKind.Guard,
        "feature_schema" => SuspectKind.Data,
        "retrieval_index" => SuspectKind.Upstream,
        "serving" => difference.Path.StartsWith("/serving/model", StringComparison.Ordinal) ? SuspectKind.Model : SuspectKind.Serving,
        _ => null,
    };

    private static IEnumerable<string> Explain(
        ArmPattern pattern, bool proven, Judgement? judgement, RollbackAdvice rollback, ImmutableArray<Difference> differences)
    {
        if (judgement is not null)
        {
            yield return $"The suspected release failed {judgement.Tested.FailureRate:P1} of {judgement.Tested.Units} requests; "
                + $"the trusted one failed {judgement.Control.FailureRate:P1} of {judgement.Control.Units} at the same time.";
            if (judgement.Offending is { } worst)
            {
                yield return $"Most of it is {worst}: {judgement.Tested.Rates[(int)worst]:P1} against {judgement.Control.Rates[(int)worst]:P1}.";
            }
        }

        yield return $"Probability of each explanation: the release alone {pattern.Release:P1}, both arms alike {pattern.Shared:P1}, "
            + $"both with the release worse {pattern.Compound:P1}, nothing {pattern.None:P1}.";
        if (proven)
        {
            yield return "The two-arm test crossed its threshold.";
        }

        yield return rollback switch
        {
            RollbackAdvice.Helps => "Rolling back helps.",
            RollbackAdvice.DoesNotHelp when pattern.Shared >= pattern.None => "Rolling back does not help: the previous release fails as often.",
            RollbackAdvice.DoesNotHelp => "Rolling back does not help: neither arm is worse than it was.",
            _ => "Whether rolling back helps is not known yet. More requests on the trusted release would tell.",
        };
        var parts = differences.Where(d => KindOf(d) is not null).Select(d => d.Component).Distinct(StringComparer.Ordinal).ToList();
        yield return parts.Count switch
        {
            0 => "Nothing in the release changed that could change an answer.",
            1 => $"Only this part of the release changed: {parts[0]}.",
            _ => $"{parts.Count} parts of the release changed ({string.Join(", ", parts)}); only a replay with one of them changed at a time can tell them apart.",
        };
    }

    private static double FailureRate(ImmutableArray<double> rates) =>
        1 - rates[(int)Outcome.Correct] - rates[(int)Outcome.Unlabelled] - rates[(int)Outcome.InputBlocked];

    private static long Failures(ArmEvidence arm) => (long)Math.Round(arm.FailureRate * arm.Units);
}
