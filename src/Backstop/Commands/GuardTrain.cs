using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Core.Guards.Classifiers;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop guard train</c>: makes the weights that are compiled into the assembly once more.</summary>
internal static class GuardTrain
{
    public static Command Create()
    {
        var data = GuardCommand.DataOption();
        var check = new Option<string?>("--check") { Description = "Only this classifier: toxicity or injection." };
        check.AcceptOnlyFromAmong([.. TrainingRun.Recipes.Select(recipe => recipe.Name)]);
        var write = new Option<DirectoryInfo?>("--out") { Description = "Write the files of weights into this folder. Nothing is written otherwise." };
        var json = Verb.JsonOption();
        var verb = new Verb("train", "Train the classifiers on the public data, and say how they did on texts they had not seen.")
        {
            Examples =
            [
                "backstop guard train --data ./data",
                "backstop guard train --data ./data --check toxicity --out src/Backstop.Core/Guards/Classifiers",
            ],
        };
        foreach (var option in (Option[])[data, check, write, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(line =>
        {
            var rows = new TrainingData(GuardCommand.Folder(line.GetValue(data)));
            var reports = TrainingRun.Recipes
                .Where(recipe => line.GetValue(check) is not { } only || recipe.Name == only)
                .Select(recipe => Train(recipe, rows, line.GetValue(write)))
                .ToList();
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { Classifiers = reports });
            }
            else
            {
                reports.ForEach(report => Explain(output, report));
            }
        });
        return verb;
    }

    private static Report Train(TrainingRecipe recipe, TrainingData data, DirectoryInfo? folder)
    {
        try
        {
            var outcome = TrainingRun.Run(recipe, data);
            var written = new List<string>();
            folder?.Create();
            foreach (var (file, bytes) in folder is null ? [] : outcome.Files)
            {
                written.Add(Path.Combine(folder!.FullName, file));
                File.WriteAllBytes(written[^1], bytes.Span);
            }

            return new Report(
                recipe.Name,
                outcome.Auroc,
                outcome.RecallAtOnePercent,
                outcome.RecallAtOnePerMille,
                outcome.LeftOut,
                outcome.Flagged,
                outcome.Files.All(file => file.Bytes.Span.SequenceEqual(LinearModel.Embedded(file.File).Span)),
                written);
        }
        catch (FileNotFoundException e)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    private static void Explain(TextWriter output, Report report)
    {
        output.WriteLine($"{report.Name}: three folds by group");
        output.WriteLine($"  AUROC {report.Auroc:0.0000}, recall {report.RecallAtFpr001:0.000} at 1 % false positives, {report.RecallAtFpr0001:0.000} at 0.1 %");
        foreach (var left in report.LeftOut)
        {
            output.WriteLine($"  AUROC {left.Auroc:0.000}, recall {left.RecallAtOnePercent:0.000} at 1 % false positives on {left.Sources} when trained without it");
        }

        foreach (var row in report.Flagged)
        {
            output.WriteLine($"  {row.Source,-38} {(row.Positive ? "caught " : "flagged")} {row.Share.Value,7:P1} of {row.Share.Trials}");
        }

        output.WriteLine(report.SameAsEmbedded ? "  The weights are the embedded ones." : "  The weights differ from the embedded ones.");
        foreach (var file in report.Files)
        {
            output.WriteLine($"  written to {file}");
        }
    }

    private sealed record Report(
        string Name,
        double Auroc,
        [property: System.Text.Json.Serialization.JsonPropertyName("recall_at_fpr_0.01")] double RecallAtFpr001,
        [property: System.Text.Json.Serialization.JsonPropertyName("recall_at_fpr_0.001")] double RecallAtFpr0001,
        IReadOnlyList<LeftOutFigures> LeftOut,
        IReadOnlyList<FlaggedShare> Flagged,
        bool SameAsEmbedded,
        IReadOnlyList<string> Files);
}
