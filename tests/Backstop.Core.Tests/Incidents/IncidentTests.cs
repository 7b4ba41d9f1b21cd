using Backstop.Core.Evidence;
using Backstop.Core.Gates;
using Backstop.Core.Incidents;

namespace Backstop.Core.Tests.Incidents;

public sealed class IncidentTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Incident Opened = new()
    {
        Id = "INC-2026-001",
        Alias = "assistant:prod",
        OpenedAt = Start,
        Release = "sha256:bad",
        Baseline = "sha256:good",
        Reason = "worse",
    };

    private static readonly Diagnosis Blamed = Diagnosis.FromContrast(new(0, 1, 0, 0), proven: true, null, []);
    private static readonly Diagnosis Unclear = Diagnosis.FromContrast(new(0.3, 0.3, 0.3, 0.1), proven: false, null, []);

    [Fact]
    public void What_is_only_probable_is_taken_back_by_more_evidence_and_what_is_proven_is_not()
    {
        var (few, many) = (Diagnosis.FromContrast(new(0.03, 0.60, 0.05, 0.32), proven: false, null, []), Diagnosis.FromContrast(new(0, 0, 1, 0), proven: false, null, []));
        Assert.Equal((true, false), (few.ReleaseToBlame, many.ReleaseToBlame));
        Assert.False(Opened.Add(null, few, "a few requests").Add(null, many, "many").Diagnosis!.ReleaseToBlame);
        Assert.True(Opened.Add(null, few, "a few requests").Add(null, Unclear, "nothing is known").Diagnosis!.ReleaseToBlame);
        Assert.True(Opened.Add(null, Blamed, "proven").Add(null, many, "many").Diagnosis!.ReleaseToBlame);
    }

    [Fact]
    public void A_rollback_that_changed_nothing_opens_the_incident_again_and_the_release_is_suspected_less()
    {
        var diagnosis = Diagnosis.FromContrast(new(0, 0.95, 0.05, 0), proven: true, judgement: null, [new("model", "/model/version", "1", "2")]);
        var over = Opened with { Diagnosis = diagnosis, Timeline = new(Swapped: DateTimeOffset.UnixEpoch, Verified: DateTimeOffset.UnixEpoch) };
        Assert.True(over.IsOver);

        var open = over.Recover(helped: false, "failures stayed", DateTimeOffset.UnixEpoch);
        Assert.False(open.IsOver);
        Assert.Equal(IncidentStatus.Diagnosed, open.Status);
        Assert.Equal(RollbackAdvice.DoesNotHelp, open.Diagnosis!.Rollback);
        Assert.InRange(Model(open), 0.01, 0.7 * Model(over));
        Assert.Equal(1, open.Diagnosis.Suspects.Sum(s => s.Probability), 6);
        Assert.True(over.Recover(helped: true, "they went back", DateTimeOffset.UnixEpoch).IsOver);

        static double Model(Incident incident) => incident.Diagnosis!.Suspects.Single(s => s.Kind == SuspectKind.Model).Probability;
    }

    [Fact]
    public void Harm_calls_for_a_rollback_before_anybody_knows_and_for_none_where_it_would_change_nothing()
    {
        Incident Harmed(ArmPattern pattern) => Opened with { Severity = IncidentSeverity.Severe, Diagnosis = Diagnosis.FromContrast(pattern, proven: false, judgement: null, []) };
        Assert.True(Harmed(new(0.25, 0.25, 0.25, 0.25)).CallsForPrecaution);
        Assert.False(Harmed(new(0, 0.01, 0.99, 0)).CallsForPrecaution);
        Assert.False((Harmed(new(0.25, 0.25, 0.25, 0.25)) with { Severity = IncidentSeverity.Major }).CallsForPrecaution);
    }

    [Fact]
    public void An_incident_moves_from_open_to_learned_as_its_facts_come_in()
    {
        Assert.Equal(IncidentStatus.Open, Opened.Status);
        var diagnosed = Opened.Add(null, Blamed, "worse");
        Assert.Equal(IncidentStatus.Diagnosed, diagnosed.Status);
        var mitigated = diagnosed.Stamp(new(Swapped: Start.AddSeconds(2)));
        Assert.Equal(IncidentStatus.Mitigated, mitigated.Status);
        var resolved = mitigated.Stamp(new(Verified: Start.AddSeconds(5)));
        Assert.Equal(IncidentStatus.Resolved, resolved.Status);
        Assert.Equal(IncidentStatus.Learned, resolved.Learn("gate").Status);
        Assert.Equal(IncidentStatus.Mitigated, mitigated.Learn("gate").Status);
    }

    [Fact]
    public void An_incident_that_no_rollback_can_end_is_ended_by_a_person() =>
        Assert.Equal((IncidentStatus.Resolved, true), (Opened.Resolve(Start).Status, Opened.Resolve(Start).IsOver));

    [Fact]
    public void What_a_person_says_of_its_severity_stands_against_every_later_alarm()
    {
        var graded = Opened.Grade(IncidentSeverity.Minor).Add(DiagnosisTests.Judged((200, 76), (40, 2)), Blamed, "worse");
        Assert.Equal(IncidentSeverity.Minor, graded.Severity);
        Assert.Equal(IncidentSeverity.Major, Opened.Add(DiagnosisTests.Judged((200, 76), (40, 2)), Blamed, "worse").Severity);
    }

    [Fact]
    public void Whoever_gives_it_to_somebody_has_taken_note_of_it()
    {
        var assigned = Opened.Assign("dana", by: "lee", Start);
        Assert.Equal(("dana", "lee"), (assigned.AssignedTo, assigned.AcknowledgedBy));
    }

    [Fact]
    public void Changes_near_the_onset_are_in_the_record_and_in_its_postmortem()
    {
        var incident = (Opened.Add(null, Unclear, "one arm") with { Case = new() }).Investigate(
        [
            new("1", Start.AddMinutes(-5), ["features"], "pipeline run"),
            new("2", Start.AddMinutes(-5), ["features"], "of another alias", Alias: "ranker:prod"),
            new("3", Start.AddDays(-9), ["features"], "long ago"),
        ]);
        Assert.Equal("pipeline run", Assert.Single(incident.Changes).What);
        Assert.Contains("| pipeline run | features |", Postmortem.Draft(incident, null, "v8", "v7"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_alarm_that_blames_nobody_does_not_take_back_the_blame()
    {
        var incident = Opened.Add(DiagnosisTests.Judged((200, 76), (40, 2)), Blamed, "proven").Add(null, Unclear, "one arm");
        Assert.True(incident.Diagnosis!.ReleaseToBlame);
        Assert.Equal("proven", incident.Reason);
        Assert.True(Opened.Add(null, Unclear, "one arm").Add(null, Blamed, "proven").Diagnosis!.ReleaseToBlame);
    }

    [Fact]
    public void Every_segment_is_measured_between_its_own_ends()
    {
        var incident = Opened
            .Stamp(new(Onset: Start, Detected: Start.AddSeconds(4)))
            .Stamp(new(Decided: Start.AddMilliseconds(4100), Swapped: Start.AddMilliseconds(4150), Converged: Start.AddMilliseconds(4400)));
        Assert.Equal(
            new Segments(
                TimeSpan.FromSeconds(4), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(250), null),
            incident.Timeline.Measured());
    }

    [Fact]
    public void A_request_is_sampled_once_and_only_for_the_release_under_suspicion()
    {
        var incident = Opened.Attach([Sample("r1"), Sample("r1"), Sample("r2"), Sample("r3") with { Release = "sha256:good" }]).Attach([Sample("r2")]);
        Assert.Equal(["r1", "r2"], incident.Samples.Select(s => s.RequestId));
        Assert.Equal(Incident.MostSamples, Opened.Attach(Enumerable.Range(0, 999).Select(i => Sample($"r{i}"))).Samples.Length);
    }

    [Fact]
    public void Harm_is_severe_however_rare_it_is()
    {
        var rare = DiagnosisTests.Judged((2000, 20), (500, 4)) with { Offending = Outcome.PiiBlocked };
        Assert.Equal(IncidentSeverity.Severe, Incident.SeverityOf(rare));
        Assert.Equal(IncidentSeverity.Major, Incident.SeverityOf(DiagnosisTests.Judged((200, 76), (40, 2))));
        Assert.Equal(IncidentSeverity.Minor, Incident.SeverityOf(DiagnosisTests.Judged((2000, 80), (400, 4))));
    }

    [Fact]
    public void Requests_to_detect_are_those_of_the_group_that_saw_most() =>
        Assert.Equal(245, Opened.Add(DiagnosisTests.Judged((200, 76), (40, 2)), Blamed, "worse").RequestsToDetect);

    [Fact]
    public void A_postmortem_holds_the_recorded_facts_and_no_line_of_a_table_breaks_it()
    {
        var incident = Opened.Add(DiagnosisTests.Judged((200, 76), (40, 2)), Blamed, "worse")
            .Stamp(new(Onset: Start, Detected: Start.AddSeconds(4)))
            .Comment("dana", "first line\n| second |", Start) with
        { Differences = [new("prompt", "/prompt/system", "\"a|b\"", "\"`c`\"")] };
        var text = Postmortem.Draft(incident, null, "v8", "v7");
        Assert.Contains("| detected | 2026-03-01 12:00:04.000 UTC | 4000 ms |", text, StringComparison.Ordinal);
        Assert.Contains("| verified | not recorded |", text, StringComparison.Ordinal);
        Assert.Contains("| `/prompt/system` | `\"a\\|b\"` | `\"'c'\"` |", text, StringComparison.Ordinal);
        Assert.Contains("dana: first line \\| second \\|", text, StringComparison.Ordinal);
    }

    private static IncidentSample Sample(string id) =>
        new("sha256:bad", id, "wrong", [new GateMessage("user", $"Question of {id}?")], "answer", "expected", Attack: false);
}
