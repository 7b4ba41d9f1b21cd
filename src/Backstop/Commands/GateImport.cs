using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Core.Gates;
using Backstop.Core.Text;
using Backstop.Importing;

namespace Backstop.Commands;

/// <summary><c>backstop gate import</c>: a suite out of another tool's tests.</summary>
internal static class GateImport
{
    private static readonly string[] Tools = ["promptfoo", "openai-evals"];

    public static Verb Create()
    {
        var tool = new Argument<string>("tool") { Description = $"Whose tests they are: {string.Join(" or ", Tools)}." };
        tool.AcceptOnlyFromAmong(Tools);
        var file = new Argument<FileInfo>("file") { Description = "promptfooconfig.yaml, or a file of samples (.jsonl)." };
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder to write gate.yaml and cases.jsonl into; its name becomes the suite's id.", Required = true };
        var grade = new Option<string>("--grade")
        {
            Description = $"How samples of OpenAI evals are graded, as their registry says: {string.Join(", ", OpenAiEvals.Grades)}.",
            DefaultValueFactory = _ => OpenAiEvals.Grades[0],
        };
        grade.AcceptOnlyFromAmong(OpenAiEvals.Grades);
        var strict = new Option<bool>("--strict") { Description = "Exit code 1 when something was not imported." };
        var json = Verb.JsonOption();
        var verb = new Verb("import", "Make a suite of another tool's tests. A test is imported whole or not at all; what is not is listed by line, on standard error.")
        {
            Examples = ["backstop gate import promptfoo promptfooconfig.yaml --out gates/refunds", "backstop gate import openai-evals samples.jsonl --grade includes --out gates/capitals"],
        };
        verb.Arguments.Add(tool);
        verb.Arguments.Add(file);
        foreach (var option in (Option[])[folder, grade, strict, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            var suite = Read(line.GetRequiredValue(tool), line.GetRequiredValue(file), line.GetRequiredValue(grade));
            var target = line.GetRequiredValue(folder);
            await Write(suite, target, cancel);
            if (line.GetValue(json))
            {
                line.InvocationConfiguration.Output.WriteJson(new { Folder = target.FullName, Cases = suite.Cases.Count, NotImported = suite.Left });
            }
            else
            {
                await line.InvocationConfiguration.Output.WriteLineAsync($"{suite.Cases.Count} cases in {target}; next: backstop gate run {target} --dry-run");
                foreach (var (at, what, why) in suite.Left)
                {
                    await line.InvocationConfiguration.Error.WriteLineAsync($"line {at}, not imported: {what}: {why}");
                }
            }

            return line.GetValue(strict) && suite.Left.Count > 0 ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static ImportedSuite Read(string tool, FileInfo file, string grade)
    {
        try
        {
            var text = File.ReadAllText(file.FullName);
            return tool == "promptfoo" ? PromptfooTests.Read(Configuration.Read(text), name => Beside(file, name)) : OpenAiEvals.Read(text, grade);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{file.Name}: {e.Message}");
        }
    }

    private static string? Beside(FileInfo file, string name) =>
        Path.Combine(file.DirectoryName!, name) is var path && File.Exists(path) ? File.ReadAllText(path) : null;

    private static async Task Write(ImportedSuite suite, DirectoryInfo folder, CancellationToken cancel)
    {
        var (gate, cases) = (Path.Combine(folder.FullName, "gate.yaml"), Path.Combine(folder.FullName, "cases.jsonl"));
        if (!Names.IsValid(folder.Name))
        {
            throw CommandFailure.Usage($"'{folder.Name}' cannot be the id of a suite: use letters, digits, '.', '-' or '_' for the folder.");
        }

        if (File.Exists(gate) || File.Exists(cases))
        {
            throw CommandFailure.Usage($"{folder} holds a suite already: name another folder.");
        }

        if (suite.Cases.Count == 0)
        {
            throw new CommandFailure($"Nothing can be imported. {string.Join(' ', suite.Left.Take(3).Select(l => $"Line {l.Line}: {l.What}: {l.Why}"))}");
        }

        // What is written here must be readable here: a pattern of another dialect is found out now.
        var yaml = $"id: {folder.Name}\ndecide:\n  maxFailRate: 0   # how many answers may fail; see docs/gates.md\n";
        try
        {
            _ = SuiteReader.Read($"{{\"id\": \"{folder.Name}\"}}", suite.Lines, _ => null);
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage(e.Message);
        }

        folder.Create();
        await File.WriteAllTextAsync(gate, yaml, cancel);
        await File.WriteAllLinesAsync(cases, suite.Lines, cancel);
    }
}
