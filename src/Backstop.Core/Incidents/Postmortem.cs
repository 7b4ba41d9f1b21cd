using System.Globalization;
using System.Text;
using Backstop.Core.Gates;

namespace Backstop.Core.Incidents;

/// <summary>The draft of a postmortem: what was recorded, in order, and nothing else. Its story is for people to write.</summary>
public static class Postmortem
{
    /// <summary>The draft as Markdown.</summary>
    /// <param name="incident">The record.</param>
    /// <param name="gate">The gate that was learnt from it, or null.</param>
    /// <param name="release">The name of the suspected release.</param>
    /// <param name="baseline">The name of the trusted release.</param>
    public static string Draft(Incident incident, Gate? gate, string release, string baseline)
    {
        var text = new StringBuilder();
        Line($"# {incident.Id}: {incident.Alias}");
        Line();
        Line($"- Status: {Lower(incident.Status)}, severity {Lower(incident.Severity)}");
        Line($"- Suspected release: {release} (`{incident.Release}`)");
        Line($"- Trusted release: {baseline} (`{incident.Baseline}`)");
        Line($"- Opened: {Time(incident.OpenedAt)}: {incident.Reason}");
        if (incident.RequestsToDetect is { } requests)
        {
            Line($"- Requests judged until it was detected: {requests}");
        }

        Line();
        Timeline(incident.Timeline);
        if (incident.Diagnosis is { } diagnosis)
        {
            Line("## What is known about the cause");
            Line();
            diagnosis.Findings.ToList().ForEach(f => Line($"- {f}"));
            Line();
            Line("| Suspect | Probability | Because |");
            Line("| --- | --- | --- |");
            diagnosis.Suspects.ToList().ForEach(s => Line($"| {Lower(s.Kind)} | {s.Probability:P1} | {Cell(s.Because)} |"));
            Line();
            if (diagnosis.Mitigation is { } mitigation)
            {
                Line($"Advised: {mitigation.First} Then: {mitigation.Second} Expected: {mitigation.Expected}");
                Line();
            }
        }

        if (incident.Ablations.Length > 0)
        {
            Line("## Which changed part it was");
            Line();
            Line("| The trusted release, on the captured requests | Failed |");
            Line("| --- | --- |");
            Line($"| as it is | {incident.Ablations[0].Before!.Hits} of {incident.Ablations[0].Before!.N} |");
            incident.Ablations.ToList().ForEach(a => Line($"| with the suspected one's {a.Name["ablation_".Length..]} | {a.After!.Hits} of {a.After.N} |"));
            Line();
        }

        if (incident.Precaution is { } precaution)
        {
            Line($"{Time(precaution.At)}, {precaution.By}: rolled back as a precaution. People were harmed, and it was not known whether that helps.");
            Line();
        }

        if (incident.Recovery is { } recovery)
        {
            Line($"{Time(recovery.At)}: rolling back {(recovery.Helped ? "helped" : "did NOT help")}: {Cell(recovery.Because)}.");
            Line();
        }

        if (incident.Containments.Length > 0)
        {
            Line("## What was done");
            Line();
            foreach (var done in incident.Containments)
            {
                Line($"- {Time(done.At)}, {done.By}: {Cell(done.Words)}. {(done.Helped switch { true => "It helped", false => "It did not help", null => "Not known whether it helped" })}{(done.Because is { } because ? $": {because}" : "")}.");
                Line($"- Held against what was counted before: {done.Backtest.QuietTouched} of {done.Backtest.Quiet} touched in {done.Backtest.QuietFor:g} while all was well, {done.Backtest.FaultyTouched} of {done.Backtest.Faulty} since the onset.");
            }

            Line();
        }

        if (incident.Changes.Length > 0)
        {
            Line("## What others changed or saw");
            Line();
            Line("| When | What | Where |");
            Line("| --- | --- | --- |");
            incident.Changes.ToList().ForEach(c => Line($"| {Time(c.At)} | {Cell(c.What)} | {(c.Alert is { } alert ? $"alert {Cell(alert)}" : string.Join(", ", c.Parts))} |"));
            Line();
        }

        if (incident.Differences.Length > 0)
        {
            Line("## What changed");
            Line();
            Line("| Where | Before | After |");
            Line("| --- | --- | --- |");
            incident.Differences.ToList().ForEach(d => Line($"| `{Cell(d.Path)}` | `{Cell(d.Before ?? "")}` | `{Cell(d.After ?? "")}` |"));
            Line();
        }

        if (gate is { Certificate: { } proof })
        {
            Line("## What keeps it from coming back");
            Line();
            Line($"Gate `{gate.Id}` ({Lower(gate.State)}, owner {gate.Owner}, review by {gate.ReviewBy:yyyy-MM-dd}): {gate.Cases.Length} cases, "
                + $"{gate.SamplesPerCase} answers each; it stops a release when more than {gate.FailIfMoreThan} of {gate.Runs} fail.");
            Line();
            Line($"- {release}: {Failed([proof.Bad, .. proof.MoreBad])}; {(proof.BlocksBad ? "stopped every time" : "NOT stopped every time")}");
            Line($"- {baseline}: {Failed([proof.Good, .. proof.MoreGood])}; {(proof.PassesGood ? "passed every time" : "NOT passed every time")}");
            foreach (var other in proof.OtherGoods)
            {
                Line($"- `{other.Digest}`, good before: {Failed([other.Counts])}; {(other.Passes switch { true => "passed", false => "NOT passed", null => "its servers do not answer any more" })}");
            }

            foreach (var variant in proof.Variants)
            {
                Line($"- Variant of the fault ({variant.Name}): {Failed([variant.Bad])}; {(variant.Stopped switch { true => "stopped", false => "not stopped", null => "says nothing, the good release does not pass it either" })}");
            }

            Line($"- Probability of stopping a release as bad as this one: at least {proof.Power:P2}");
            Line($"- Probability of stopping a release as good as the trusted one: at most {proof.FalseBlock:P3}");
            Line();
        }

        if (incident.Comments.Length > 0)
        {
            Line("## What people said");
            Line();
            incident.Comments.ToList().ForEach(c => Line($"- {Time(c.At)}, {c.By}: {Cell(c.Text)}"));
            Line();
        }

        return text.ToString();

        void Timeline(Timeline timeline)
        {
            var segments = timeline.Measured();
            Line("## When");
            Line();
            Line("| What | When | After the line above |");
            Line("| --- | --- | --- |");
            Row("onset", timeline.Onset, null);
            Row("detected", timeline.Detected, segments.OnsetToDetected);
            Row("decided", timeline.Decided, segments.DetectedToDecided);
            Row("swapped", timeline.Swapped, segments.DecidedToSwapped);
            Row("converged", timeline.Converged, segments.SwappedToConverged);
            Row("verified", timeline.Verified, segments.ConvergedToVerified);
            Line();
        }

        static string Failed(RunCounts[] runs) => $"{string.Join(", ", runs.Select(r => r.Failures))} of {runs[0].Runs} failed";

        void Row(string what, DateTimeOffset? at, TimeSpan? after) => Line(
            $"| {what} | {(at is { } t ? Time(t) : "not recorded")} | {(after is { } span ? $"{span.TotalMilliseconds:0} ms" : "")} |");

        void Line(string line = "") => text.Append(line).Append('\n');
    }

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    // A table cell is one line, and a bar or a backtick would end it.
    private static string Cell(string value) =>
        value.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal).Replace('`', '\'');
}
