namespace Backstop.Client;

public sealed record IncidentView(string Id, string Alias, string Status, DateTimeOffset OpenedAt)
{
    public string? Severity { get; init; }

    public Named? Release { get; init; }

    /// <summary>Whether two-arm evidence says the release did it; null while nobody knows.</summary>
    public bool? ReleaseToBlame { get; init; }

    /// <summary>Probability of each explanation: none, release, shared, compound.</summary>
    public Dictionary<string, double>? Pattern { get; init; }

    /// <summary><c>helps</c>, <c>does_not_help</c> or <c>inconclusive</c>.</summary>
    public string? Rollback { get; init; }

    public SuspectView[] Suspects { get; init; } = [];

    /// <summary>The cause that is named; null when none is probable enough.</summary>
    public string? Cause { get; init; }

    public MitigationView? Mitigation { get; init; }

    public string? NextAction { get; init; }

    /// <summary>Whether rolling back comes first although nobody knows that it helps, because people are harmed.</summary>
    public bool Precautionary { get; init; }

    /// <summary>The rollback that came before anybody knew; null when there was none.</summary>
    public PrecautionView? Precaution { get; init; }

    public RecoveryView? Recovery { get; init; }

    public AblationView[] Ablations { get; init; } = [];

    /// <summary>What requests bring with them that they did not before.</summary>
    public string? Inputs { get; init; }

    public ContainmentView[] Containments { get; init; } = [];

    public ChangeView[] Changes { get; init; } = [];

    /// <summary>What the answer about rolling back rests on, in sentences.</summary>
    public string[] Findings { get; init; } = [];

    public string[] Components { get; init; } = [];

    public DifferenceView[] Differences { get; init; } = [];

    public TimelineView? Timeline { get; init; }

    public Dictionary<string, double?>? SegmentsMs { get; init; }

    public long? RequestsToDetect { get; init; }

    public string? Reason { get; init; }

    public string? GateId { get; init; }

    public int? Samples { get; init; }

    public string? AcknowledgedBy { get; init; }

    public string? AssignedTo { get; init; }

    public CommentView[] Comments { get; init; } = [];

    /// <summary>What was done about it last, in words; null while nothing was.</summary>
    public string? Done() => Containments is [.., { } last] ? last.Words
        : Precaution is { } precaution ? $"rolled back as a precaution by {precaution.By}"
        : Timeline?.Swapped is null ? null
        : Timeline.Verified is null ? "rolled back; not verified yet" : "rolled back, and seen to be gone";

    /// <summary>What the replay showed, in words; null where there was none.</summary>
    public string? InPartsOf() => Ablations is [{ } trusted, ..]
        ? $"the trusted release failed {trusted.TrustedFailures} of {trusted.TrustedRuns}; {string.Join(", ", Ablations.Select(a => $"with the new {a.Part} {a.Failures} of {a.Runs}"))}"
        : null;
}

public sealed record PrecautionView(DateTimeOffset At, string By);

/// <summary>What became of the failures after a rollback.</summary>
public sealed record RecoveryView(DateTimeOffset At, bool Helped, string Because);

/// <summary>What the trusted release did with one part of the suspected one.</summary>
public sealed record AblationView(string Part, double TrustedRuns, double TrustedFailures, double Runs, double Failures);

public sealed record CommentView(DateTimeOffset At, string By, string Text);

public sealed record SuspectView(string Suspect, double Probability, string Because);

/// <summary>A rule at the gateways that was put in force against an incident.</summary>
/// <param name="Helped">Whether failures went back to what they were; null while nobody knows.</param>
public sealed record ContainmentView(string Words, DateTimeOffset At, string By, bool? Helped, string? Because);

public sealed record MitigationView(string First, string Second, string Expected)
{
    /// <summary>The words after <c>backstop mitigate</c> that do the first, with <c>ALIAS</c> for the alias; null where nothing of the kind does.</summary>
    public string? Verb { get; init; }

    /// <summary>The same as a whole command line.</summary>
    public string? Command(IncidentView incident) =>
        Verb is { } verb ? $"backstop mitigate {verb.Replace("ALIAS", incident.Alias, StringComparison.Ordinal)} --reason {incident.Id}" : null;
}

public sealed record ChangeView(DateTimeOffset At, string[] Parts, string What)
{
    /// <summary>The signal that an alert says has moved; null for a change.</summary>
    public string? Alert { get; init; }
}

public sealed record TimelineView
{
    public DateTimeOffset? Onset { get; init; }

    public DateTimeOffset? Detected { get; init; }

    public DateTimeOffset? Decided { get; init; }

    public DateTimeOffset? Swapped { get; init; }

    public DateTimeOffset? Converged { get; init; }

    public DateTimeOffset? Verified { get; init; }
}

/// <summary>Somebody who is told of incidents.</summary>
public sealed record ReceiverView(string Name, string To, string Least, string[] Aliases);

/// <summary>Whether a test arrived.</summary>
public sealed record TestView(string Name, bool Arrived)
{
    public string? Why { get; init; }
}
