using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Backstop.CommandLine;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Commands;

/// <summary><c>backstop incident diagnose</c>: says what broke in a case from a file, without a server.</summary>
internal static class IncidentDiagnose
{
    public static Verb Create()
    {
        var file = new Option<string>("--case")
        {
            Description = "The case, JSON as in docs/incidents.md; - reads standard input; a .jsonl holds one case a line.",
            Required = true,
        };
        var json = Verb.JsonOption();
        var verb = new Verb("diagnose", "Say what broke in a case from a file, and whether rolling back helps. Needs no server.")
        {
            Examples =
            [
                "backstop incident diagnose --case case.json",
                "backstop incident diagnose --case - --json < case.json",
                "backstop incident diagnose --case cases.jsonl --json > findings.jsonl",
            ],
        };
        verb.Options.Add(file);
        verb.Options.Add(json);
        verb.SetAction(async (line, cancel) =>
        {
            var (path, output) = (line.GetValue(file)!, line.InvocationConfiguration.Output);
            var many = path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase);
            foreach (var (text, where) in await Documents(path, many, cancel))
            {
                var incident = Read(text, where);
                var findings = Investigation.Of(incident);
                if (!line.GetValue(json))
                {
                    Explain(output, incident, findings);
                }
                else if (many)
                {
                    output.WriteLine(JsonSerializer.Serialize(DiagnosisReport.Of(incident, findings), JsonOutput.Lines));
                }
                else
                {
                    output.WriteJson(DiagnosisReport.Of(incident, findings));
                }
            }
        });
        return verb;
    }

    private static async Task<IEnumerable<(string Text, string Where)>> Documents(string file, bool many, CancellationToken cancel)
    {
        try
        {
            var text = file == "-" ? await Console.In.ReadToEndAsync(cancel) : await File.ReadAllTextAsync(file, cancel);
            return many
                ? text.Split('\n').Select((line, i) => (line, $"{file}, line {i + 1}")).Where(line => !string.IsNullOrWhiteSpace(line.line))
                : [(text, file)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    private static IncidentCase Read(string text, string where)
    {
        try
        {
            return CaseReader.Read(text);
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage($"{where}: {e.Message} The format: docs/incidents.md.");
        }
    }

    private static void Explain(TextWriter output, IncidentCase incident, Findings findings)
    {
        output.WriteLine($"{incident.Id}: {(findings.Named == SuspectKind.Unknown ? "no suspect is probable enough to be named" : $"suspect {Word(findings.Named)}")}");
        output.WriteLine($"  rollback        {Advice(findings)}");
        foreach (var suspect in findings.Suspects.Where(s => s.Probability >= 0.02).Take(4))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {Word(suspect.Kind),-14}{suspect.Probability * 100,5:0} %  {suspect.Because}"));
        }

        if (!findings.Compound.IsEmpty)
        {
            output.WriteLine($"  together        {string.Join(" and ", findings.Compound.Select(c => c.Share is { } share
                ? string.Create(CultureInfo.InvariantCulture, $"{Word(c.Cause)} ({share * 100:0} % of the new failures)")
                : Word(c.Cause)))}");
        }

        output.WriteLine($"  do first        {findings.Mitigation.First}");
        output.WriteLine($"  then            {findings.Mitigation.Second}");
        output.WriteLine($"  expect          {findings.Mitigation.Expected}");
        if (findings.NextActions is [{ } action, ..])
        {
            output.WriteLine($"  to know more    {action.Words}");
        }

        output.WriteLine("evidence");
        foreach (var item in findings.Evidence)
        {
            output.WriteLine($"  {item.Words}{(item.Pattern is { } p ? string.Create(CultureInfo.InvariantCulture, $": release {p.Release * 100:0} %, shared {p.Shared * 100:0} %, compound {p.Compound * 100:0} %, none {p.None * 100:0} %") : "")}");
        }

        foreach (var note in findings.Notes)
        {
            output.WriteLine($"note: {note}");
        }
    }

    private static string Advice(Findings findings) => findings switch
    {
        { Precautionary: true } => "first, as a precaution: people are harmed, and nothing speaks against it",
        { Rollback: RollbackAdvice.Helps } => "helps: the release is worse than the holdback",
        { Rollback: RollbackAdvice.DoesNotHelp } => "does not help: the previous release fares no better",
        { Pattern: null } => "unknown: there is no contrast with a holdback to believe",
        _ => "unknown: the arms do not differ clearly enough",
    };

    private static string Word<T>(T value)
        where T : struct, Enum => SignatureTable.Snake(value).Replace('_', ' ');
}
