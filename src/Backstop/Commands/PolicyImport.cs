using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Importing;

namespace Backstop.Commands;

/// <summary><c>backstop policy import</c>: a guard policy out of another tool's configuration.</summary>
internal static class PolicyImport
{
    private static readonly string[] Tools = ["guardrails", "nemo", "openai"];

    public static Verb Create()
    {
        var tool = new Argument<string>("tool") { Description = $"Whose configuration it is: {string.Join(", ", Tools)}." };
        tool.AcceptOnlyFromAmong(Tools);
        var file = new Argument<FileInfo>("file") { Description = "Guardrails AI: a guard as JSON, or Python that names validators. NeMo Guardrails: config.yml. OpenAI Guardrails: the bundle." };
        var strict = new Option<bool>("--strict") { Description = "Exit code 1 when something was not imported." };
        var json = Verb.JsonOption();
        var verb = new Verb("import", "Make a guard policy of another tool's configuration. What has no counterpart is listed by line, on standard error.")
        {
            Examples = ["backstop policy import nemo config.yml > policy.json", "backstop policy import guardrails app.py --json"],
        };
        verb.Arguments.Add(tool);
        verb.Arguments.Add(file);
        verb.Options.Add(strict);
        verb.Options.Add(json);
        verb.SetAction(line =>
        {
            var imported = Read(line.GetValue(tool)!, line.GetValue(file)!);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { imported.Policy, NotImported = imported.Left });
            }
            else
            {
                output.WriteJson(imported.Policy);
                foreach (var (at, what, why) in imported.Left)
                {
                    line.InvocationConfiguration.Error.WriteLine($"line {at}, not imported: {what}: {why}");
                }
            }

            return line.GetValue(strict) && imported.Left.Count > 0 ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static ImportedPolicy Read(string tool, FileInfo file)
    {
        try
        {
            var text = File.ReadAllText(file.FullName);
            return tool switch
            {
                "nemo" => NemoConfig.Read(Configuration.Read(text)),
                "openai" => OpenAiBundle.Read(Configuration.Read(text)),
                _ => GuardrailsAi.Read(text),
            };
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{file.Name}: {e.Message}");
        }
    }
}
