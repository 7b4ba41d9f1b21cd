using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Guards;
using Backstop.Simulation.Training;

namespace Backstop.Commands;

/// <summary><c>backstop guard</c>: the checks around requests and answers, by hand.</summary>
internal static class GuardCommand
{
    public static Verb Create() => new("guard", "Check a text, measure the checks, train their classifiers.")
    {
        GuardCheck.Create(), GuardEval.Create(), GuardTrain.Create(), GuardReport.Create(), GuardCalibrate.Create(),
    };

    /// <summary>The name of a check; an unknown one is refused with the known ones.</summary>
    public static Option<string?> CheckOption(string description)
    {
        var option = new Option<string?>("--check") { Description = $"{description} One of: {string.Join(", ", CheckCatalog.Names)}." };
        option.CompletionSources.Add([.. CheckCatalog.Names]);
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } name && !CheckCatalog.Names.Contains(name))
            {
                result.AddError($"--check is '{name}', which no check is called. Known: {string.Join(", ", CheckCatalog.Names)}.");
            }
        });
        return option;
    }

    public static Option<FileInfo?> PolicyOption() =>
        new("--policy") { Description = "Guard policy, YAML or JSON. The default policy otherwise." };

    /// <summary>The folder of public data: --data, else the environment's BACKSTOP_DATA.</summary>
    public static Option<DirectoryInfo?> DataOption() => new("--data")
    {
        Description = "Folder of the public data sets, with toxicity/, attack/ and pii/ in it. BACKSTOP_DATA otherwise.",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("BACKSTOP_DATA") is { Length: > 0 } folder ? new DirectoryInfo(folder) : null,
    };

    public static string Folder(DirectoryInfo? data) => data switch
    {
        { Exists: true } => data.FullName,
        null => throw CommandFailure.Usage("Say where the data sets are: --data DIR, or set BACKSTOP_DATA."),
        _ => throw CommandFailure.Usage($"The folder {data.FullName} does not exist."),
    };

    /// <summary>Labelled texts; what cannot be read is told with its line.</summary>
    public static IReadOnlyList<LabelledText> Texts(FileInfo file)
    {
        try
        {
            var texts = LabelledText.ReadFile(file.FullName);
            return texts.Count > 0 ? texts : throw CommandFailure.Usage($"{file.Name} has no lines.");
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage(e is FormatException ? $"{file.Name}, {e.Message}" : e.Message);
        }
    }

    public static GuardPolicy Policy(FileInfo file)
    {
        try
        {
            return GuardPolicy.Parse(YamlManifest.Parse(File.ReadAllText(file.FullName)).ToJsonString());
        }
        catch (Exception e) when (e is FormatException or GuardPolicyException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{file.Name}: {e.Message}");
        }
    }

    /// <summary>How a policy uses a check, or how the check is used by itself.</summary>
    public static (CheckUse Use, StreamingPolicy Streaming) UseOf(string check, FileInfo? file)
    {
        if (file is null)
        {
            return (new CheckUse(check, check, null, null, Disposition.Block), new StreamingPolicy());
        }

        var policy = Policy(file);
        var use = policy.Stages.Values.SelectMany(stage => stage.Checks).FirstOrDefault(use => use.Use == check || use.Id == check)
            ?? throw CommandFailure.Usage($"{file.Name} has no check '{check}' in any stage.");
        return (use, policy.Streaming);
    }
}
