using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Backstop.Core.Gates;

namespace Backstop.Commands;

/// <summary>What a run of a suite found, for people, programs and CI servers.</summary>
/// <param name="Release">The release that was asked, and the one it was compared with, or null.</param>
internal sealed record SuiteReport(Suite Suite, string Release, string? Against, ImmutableArray<RunCounts> Cases, PairedComparison? Paired)
{
    // Below this a paired difference is taken for real.
    private const double Significant = 0.01;

    public RunCounts All => Cases.Aggregate(new RunCounts(0, 0, 0), (sum, one) => sum + one);

    /// <summary>Worse than the release it is compared with stops it too, whatever the limit says.</summary>
    public GateVerdict Verdict => Suite.Judge(All) is GateVerdict.Passed && Paired is { PValue: <= Significant } ? GateVerdict.Failed : Suite.Judge(All);

    public object ToJson() => new
    {
        Suite = Suite.Id,
        Release,
        Verdict,
        All.Runs,
        All.Failures,
        All.Errors,
        Suite.FailIfMoreThan,
        Suite.Power,
        Suite.FalseBlock,
        All.Reasons,
        Against,
        Paired,
        Cases = Suite.Cases.Zip(Cases).Select(c => new { c.First.Id, c.Second.Runs, c.Second.Failures, c.Second.Errors, c.Second.Reasons }),
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
                text.Append(CultureInfo.InvariantCulture, $"| {one.Id} | {counts.Failures} of {counts.Runs} | {counts.Errors} | {Why(counts).Replace("|", "\\|", StringComparison.Ordinal)} |\n");
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
            new XAttribute("name", c.First.Id),
            c.Second switch
            {
                { Failures: > 0 } counts => new XElement("failure", new XAttribute("message", $"{counts.Failures} of {counts.Runs} answers failed: {Why(counts)}")),
                { Errors: > 0 } counts => new XElement("error", new XAttribute("message", Why(counts))),
                _ => null,
            }));
        return new XDocument(new XElement(
            "testsuites",
            new XElement(
                "testsuite",
                new XAttribute("name", Suite.Id),
                new XAttribute("tests", Cases.Length),
                new XAttribute("failures", Cases.Count(c => c.Failures > 0)),
                new XAttribute("errors", Cases.Count(c => c is { Failures: 0, Errors: > 0 })),
                new XElement("properties", Property("verdict", Verdict.ToString().ToLowerInvariant()), Property("release", Release)),
                cases))).ToString();

        static XElement Property(string name, string value) => new("property", new XAttribute("name", name), new XAttribute("value", value));
    }

    public string Sentence()
    {
        var all = All;
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Release}: {all.Failures} of {all.Runs} answers failed, {Suite.FailIfMoreThan} may");
        if (all.Errors > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"; {all.Errors} gave no answer");
        }

        if (Suite.Power is { } power)
        {
            text.Append(CultureInfo.InvariantCulture, $"; stops a bad release with probability {power:0.####}");
        }

        if (Suite.FalseBlock is { } wrong)
        {
            text.Append(CultureInfo.InvariantCulture, $", a good one with {wrong:0.####}");
        }

        if (Paired is { } paired)
        {
            text.Append(CultureInfo.InvariantCulture, $"; against {Against}: {paired.Worse} cases worse, {paired.Better} better (p {paired.PValue:0.####})");
        }

        return text.Append('.').ToString();
    }

    private static string Why(RunCounts counts) => string.Join(", ", counts.Reasons.Select(r => $"{r.Key} ×{r.Value}"));
}
