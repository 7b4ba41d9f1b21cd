using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop guard report</c>: what escapes the checks, over all public data.</summary>
internal static class GuardReport
{
    private static readonly string[] Checks = [InjectionCheck.Name, ToxicityCheck.Name, PiiCheck.Name];

    public static Command Create()
    {
        var data = GuardCommand.DataOption();
        var json = Verb.JsonOption();
        var verb = new Verb("report", "Run every text check over all public data: what each misses, what all miss together, what is flagged wrongly.")
        {
            Examples = ["backstop guard report --data ./data", "BACKSTOP_DATA=./data backstop guard report --json"],
        };
        verb.Options.Add(data);
        verb.Options.Add(json);
        verb.SetAction(line =>
        {
            var folder = GuardCommand.Folder(line.GetValue(data));
            var rows = Sets(folder).SelectMany(set => Measure(folder, set)).ToList();
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { Rows = rows });
                return;
            }

            output.WriteLine($"{"set",-40} {"texts",6}  {string.Join("  ", Checks.Select(check => check.PadRight(22)))}  none of them");
            foreach (var row in rows)
            {
                output.WriteLine($"{row.Set + (row.ToCatch ? " (to catch)" : ""),-40} {row.Texts,6}  {string.Join("  ", row.Flagged.Values.Select(share => Show(share).PadRight(22)))}  {Show(row.Escaped)}");
            }

            output.WriteLine();
            output.WriteLine("Shares flagged, with 95 % intervals (Wilson). The last column counts texts that no check flagged; for texts to catch that is");
            output.WriteLine("the escape rate, counted and not multiplied. The classifiers were trained on most of these sets: for texts they had not seen");
            output.WriteLine("see 'backstop guard train'.");
        });
        return verb;
    }

    private static IEnumerable<string> Sets(string folder) =>
        new[] { "attack", "toxicity", "pii" }
            .Select(name => Path.Combine(folder, name))
            .Where(Directory.Exists)
            .SelectMany(path => Directory.GetFiles(path, "*.jsonl"))
            .Order(StringComparer.Ordinal)
            .DefaultIfEmpty(null)
            .Select(path => path ?? throw CommandFailure.Usage($"{folder} has no data sets in attack/, toxicity/ or pii/."));

    private static IEnumerable<Row> Measure(string folder, string file)
    {
        var checks = Checks.Select(name => CheckCatalog.Create(new CheckUse(name, name, null, null, Disposition.Block), new StreamingPolicy(), name)).ToArray();
        foreach (var group in LabelledText.ReadFile(file).Where(text => text.Positive is not null).GroupBy(text => text.Positive!.Value))
        {
            var flagged = group.Select(text => checks.Select(check => CheckTrial.Scan(check, text.Text).Count > 0).ToArray()).ToList();
            yield return new Row(
                Path.GetRelativePath(folder, file)[..^".jsonl".Length],
                group.Key,
                flagged.Count,
                Checks.Select((name, i) => (name, share: Proportion.Of(flagged.Count(row => row[i]), flagged.Count))).ToDictionary(pair => pair.name, pair => pair.share),
                Proportion.Of(flagged.Count(row => !row.Contains(true)), flagged.Count));
        }
    }

    private static string Show(Proportion share) => $"{share.Value:P1} ({share.Lower:P1} to {share.Upper:P1})";

    private sealed record Row(string Set, bool ToCatch, int Texts, IReadOnlyDictionary<string, Proportion> Flagged, Proportion Escaped);
}
