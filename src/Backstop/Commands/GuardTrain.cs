using System.CommandLine;
using Backstop.CommandLine;
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
        var write = new Option<DirectoryInfo?>("--out") { Description = "Write NAME.weights into this folder. Nothing is written otherwise." };
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
            string? file = null;
            if (folder is not null)
            {
                folder.Create();
                file = Path.Combine(folder.FullName, recipe.Name + ".weights");
                File.WriteAllBytes(file, outcome.Weights.Span);
            }

            return new Report(
                recipe.Name,
                outcome.Auroc,
                outcome.RecallAtOnePercent,
                outcome.RecallAtOnePerMille,
                outcome.LeftOut,
                outcome.LeftOutAuroc,
                outcome.Flagged,
                outcome.Weights.Span.SequenceEqual(TrainingRun.Embedded(recipe.Name).Span),
                file);
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
        if (report.LeftOut is { } source)
        {
            output.WriteLine($"  AUROC {report.LeftOutAuroc:0.000} on {source} when trained without it");
        }

        foreach (var row in report.Flagged)
        {
            output.WriteLine($"  {row.Source,-38} {(row.Positive ? "caught " : "flagged")} {row.Share.Value,7:P1} of {row.Share.Trials}");
        }

        output.WriteLine(report.SameAsEmbedded ? "  The weights are the embedded ones." : "  The weights differ from the embedded ones.");
        if (report.File is { } file)
        {
            output.WriteLine($"  written to {file}");
        }
    }

    private sealed record Report(
        string Name,
        double Auroc,
        [property: System.Text.Json.Serialization.JsonPropertyName("recall_at_fpr_0.01")] double RecallAtFpr001,
        [property: System.Text.Json.Serialization.JsonPropertyName("recall_at_fpr_0.001")] double RecallAtFpr0001,
        string? LeftOut,
        double? LeftOutAuroc,
        IReadOnlyList<FlaggedShare> Flagged,
        bool SameAsEmbedded,
        string? File);
}
