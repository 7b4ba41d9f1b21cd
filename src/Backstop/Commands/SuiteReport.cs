using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;

namespace Backstop.Commands;

/// <summary>What a run of a suite found, for people, programs and CI servers.</summary>
/// <param name="Release">The release that was asked, and the one it was compared with, or null.</param>
internal sealed record SuiteReport(Suite Suite, string Release, string? Against, ImmutableArray<RunCounts> Cases, PairedComparison? Paired)
{
    public RunCounts All => Cases.Aggregate(new RunCounts(0, 0, 0), (sum, one) => sum + one);

    /// <summary>How far the suite's judges agreed with their anchors.</summary>
    public ImmutableArray<JudgeAgreement> Judges { get; init; } = [];

    /// <summary>Worse than the release it is compared with stops it too, whatever the limit says; and where that one does not answer, nobody knows.</summary>
    public GateVerdict Verdict => SuiteResult.VerdictOf(All, Suite.Rule.FailIfMoreThan, Suite.Runs, Paired, Suite.Rule.WorseIfBelow);

    public object ToJson() => new
    {
        Suite = Suite.Id,
        SuiteDigest = Suite.Digest,
        Release,
        Verdict,
        All.Runs,
        All.Failures,
        All.Errors,
        Suite.Rule.FailIfMoreThan,
        Suite.Rule.Power,
        Suite.Rule.FalseBlock,
        Suite.Rule.Catches,
        Suite.Rule.Forgives,
        All.Reasons,
        Against,
        Paired,
        Judges,
        Cases = Suite.Cases.Zip(Cases).Select(c => new { c.First.Id, c.Second.Runs, c.Second.Failures, c.Second.Errors, c.Second.Reasons }),
    };

    /// <summary>What the server keeps of it.</summary>
    public object ToEvidence(string release, string? against) => new
    {
        Gate = Suite.Id,
        GateDigest = Suite.Digest,
        ReleaseDigest = release,
        All.Runs,
        All.Failures,
        All.Errors,
        Suite.Rule.FailIfMoreThan,
        Suite.Rule.Power,
        Suite.Rule.FalseBlock,
        Paired = Paired is null ? null : new { Against = against, Paired.Worse, Paired.Better, Paired.Unknown, Suite.Rule.WorseIfBelow },
    };

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"### {Suite.Id}: {Verdict.ToString().ToLowerInvariant()}\n\n{Sentence()}\n\n");
        if (Cases.Any(c => c.Failures + c.Errors > 0))
        {
            text.Append("| case | failed | no answer | why |\n| --- | --- | --- | --- |\n");
            foreach (var (one, counts) in Suite.Cases.Zip(Cases).Where(c => c.Second.Failures + c.Second.Errors > 0))
            {
                text.Append(CultureInfo.InvariantCulture, $"| {Cell(one.Id)} | {counts.Failures} of {counts.Runs} | {counts.Errors} | {Cell(Why(counts))} |\n");
            }
        }

        return text.ToString();
    }

    /// <summary>JUnit's form, as GitLab, Jenkins and the common GitHub actions read it: a failed case is a failure, one without an answer an error.</summary>
    public string ToJUnit()
    {
        var cases = Suite.Cases.Zip(Cases).Select(c => new XElement(
            "testcase",
            new XAttribute("classname", Suite.Id),
            new XAttribute("name", Legal(c.First.Id)),
            c.Second switch
            {
                { Failures: > 0 } counts => Outcome("failure", $"{counts.Failures} of {counts.Runs} answers failed: {Why(counts)}"),
                { Errors: > 0 } counts => Outcome("error", Why(counts)),
                _ => null,
            }));

        // The verdict is a test of its own: cases may fail that a rule forgives, and all may pass where a comparison does not.
        var verdict = new XElement(
            "testcase",
            new XAttribute("classname", Suite.Id),
            new XAttribute("name", "verdict"),
            Verdict switch { GateVerdict.Passed => null, GateVerdict.Failed => Outcome("failure", Sentence()), _ => Outcome("error", Sentence()) });
        return new XDocument(new XElement(
            "testsuites",
            new XElement(
                "testsuite",
                new XAttribute("name", Suite.Id),
                new XAttribute("tests", Cases.Length + 1),
                new XAttribute("failures", Cases.Count(c => c.Failures > 0) + (Verdict == GateVerdict.Failed ? 1 : 0)),
                new XAttribute("errors", Cases.Count(c => c is { Failures: 0, Errors: > 0 }) + (Verdict == GateVerdict.Inconclusive ? 1 : 0)),
                new XElement("properties", Property("verdict", Verdict.ToString().ToLowerInvariant()), Property("release", Release)),
                cases,
                verdict))).ToString();

        static XElement Property(string name, string value) => new("property", new XAttribute("name", name), new XAttribute("value", Legal(value)));

        static XElement Outcome(string kind, string message) => new(kind, new XAttribute("message", Legal(message)));
    }

    public string Sentence()
    {
        var all = All;
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Release}: {all.Failures} of {all.Runs} answers failed");
        if (all.Errors > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", {all.Errors} gave no answer");
        }

        text.Append(CultureInfo.InvariantCulture, $". It {Suite.Rule.Words}");
        if (Paired is { } paired)
        {
            text.Append(CultureInfo.InvariantCulture, $"; against {Against}: {paired.Worse} cases worse, {paired.Better} better (p {paired.PValue:0.####}){(paired.Unknown > 0 ? $", {paired.Unknown} without an answer" : "")}");
        }

        foreach (var judge in Judges)
        {
            text.Append(CultureInfo.InvariantCulture, $". Judge {judge.Words}");
        }

        return text.Append('.').ToString();
    }

    private static string Cell(string text) => text.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal);

    // XML has no way to write most control characters, and CI servers drop a report that holds one.
    private static string Legal(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '\uFFFD'));

    private static string Why(RunCounts counts) => string.Join(", ", counts.Reasons.Select(r => $"{r.Key} ×{r.Value}"));
}
