using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Incidents;

namespace Backstop.Core.Notifications;

/// <summary>What is told about an incident, each once.</summary>
public enum NoticeStage
{
    Opened,

    /// <summary>It is known what broke, or whether rolling back helps.</summary>
    Diagnosed,
    Acknowledged,
    Mitigated,

    /// <summary>What was done did not help.</summary>
    Reopened,
    Resolved,
}

/// <summary>Something that people want to be told.</summary>
/// <param name="Key">What it is about, such as the incident's id: the same for all that is told about it.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="At">When it happened.</param>
/// <param name="Facts">What else is known, by name. Prompts and answers are never among it.</param>
public sealed record Notice(
    string Key, NoticeStage Stage, string Alias, IncidentSeverity Severity, string Summary, DateTimeOffset At, ImmutableArray<KeyValuePair<string, string>> Facts)
{
    /// <summary>Names this notice for ever: a receiver that knows it has heard it before.</summary>
    public string Id => $"{Key}-{Lower(Stage)}";

    /// <summary>Whether what it is about is over.</summary>
    public bool IsEnd => Stage == NoticeStage.Resolved;

    /// <summary>Everything there is to tell about an incident by now, oldest first.</summary>
    public static ImmutableArray<Notice> Of(Incident incident)
    {
        var suspect = incident.Diagnosis?.Suspects.FirstOrDefault();
        var named = incident.Diagnosis?.Cause is { } cause ? Lower(cause) : null;
        (string Name, string? Value)[] known =
        [
            ("severity", Lower(incident.Severity)),
            ("rolling back", incident.Diagnosis is { } d ? Lower(d.Rollback) : null),
            ("suspect", suspect is null ? null : FormattableString.Invariant($"{Lower(suspect.Kind)} ({suspect.Probability:P0})")),
            ("do first", incident.Diagnosis?.Mitigation?.First),
            ("done", incident.Containments is [.., { } last] ? last.Words : null),
        ];
        ImmutableArray<KeyValuePair<string, string>> facts = [.. known.Where(fact => fact.Value is not null).Select(fact => KeyValuePair.Create(fact.Name, fact.Value!))];
        var notices = ImmutableArray.CreateBuilder<Notice>();
        Add(NoticeStage.Opened, incident.Reason, incident.OpenedAt);
        if (named is not null || incident.Diagnosis?.ReleaseToBlame is not null)
        {
            Add(NoticeStage.Diagnosed, $"{named ?? "the release"}: rolling back {(incident.Diagnosis!.Rollback switch { RollbackAdvice.Helps => "helps", RollbackAdvice.DoesNotHelp => "does not help", _ => "may help" })}", incident.OpenedAt);
        }

        if (incident.AcknowledgedAt is { } at)
        {
            Add(NoticeStage.Acknowledged, $"{incident.AcknowledgedBy} took it on", at);
        }

        if (incident.Timeline.Swapped is { } swapped)
        {
            Add(NoticeStage.Mitigated, incident.Containments is [.., { } done] ? done.Words : incident.Precaution is not null ? "rolled back as a precaution" : "swapped back to the trusted release", swapped);
        }

        if (incident.Containments is [.., { Helped: false } failed])
        {
            Add(NoticeStage.Reopened, $"what was done did not help: {failed.Because}", failed.At);
        }

        if (incident.Recovery is { Helped: false } stayed)
        {
            Add(NoticeStage.Reopened, $"rolling back did not help: {stayed.Because}", stayed.At);
        }

        if (incident.IsOver)
        {
            Add(NoticeStage.Resolved, "it is over", incident.Timeline.Verified ?? incident.ResolvedAt!.Value);
        }

        return notices.ToImmutable();

        void Add(NoticeStage stage, string what, DateTimeOffset when) =>
            notices.Add(new(incident.Id, stage, incident.Alias, incident.Severity, $"{incident.Id} of {incident.Alias} {Lower(stage)}: {what}", when, facts));
    }

    internal static string Lower<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
