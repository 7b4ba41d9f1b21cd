using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Gates;
using Backstop.Core.Registry;
using Backstop.Importing;

namespace Backstop.Commands;

/// <summary>Reads a suite from its folder, and a release from a file or from the server.</summary>
internal static class SuiteFolder
{
    /// <summary>The suite in <c>gate.yaml</c> and the file of cases that it names, <c>cases.jsonl</c> if none.</summary>
    public static async Task<Suite> Read(string folder, CancellationToken cancel)
    {
        try
        {
            var gate = YamlManifest.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "gate.yaml"), cancel));
            var cases = (string?)gate["cases"] ?? "cases.jsonl";
            var text = await File.ReadAllTextAsync(Path.Combine(folder, cases), cancel);
            var lines = Path.GetExtension(cases) is ".yaml" or ".yml" ? Promptfoo(folder, cases, text) : text.Split('\n');
            return SuiteReader.Read(gate.ToJsonString(), lines, file => Path.Combine(folder, file) is var path && File.Exists(path) ? File.ReadAllText(path) : null);
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            throw CommandFailure.Usage($"{folder}: {e.Message} The format: docs/gates.md.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    // Here nobody reads a list of what is missing, so nothing may be.
    private static IReadOnlyList<string> Promptfoo(string folder, string cases, string text)
    {
        var suite = PromptfooTests.Read(Configuration.Read(text), name => Path.Combine(folder, name) is var path && File.Exists(path) ? File.ReadAllText(path) : null);
        return suite.Left is [var left, ..] ? throw new FormatException($"{cases}, line {left.Line}: {left.What}: {left.Why} To leave it out: backstop gate import.") : suite.Lines;
    }

    /// <summary>A manifest file, else a registered release of that name.</summary>
    public static async Task<Release> Release(string named, ControlClient client, CancellationToken cancel)
    {
        var (name, manifest) = (named, "");
        if (File.Exists(named))
        {
            try
            {
                (name, manifest) = (Path.GetFileNameWithoutExtension(named), YamlManifest.Parse(await File.ReadAllTextAsync(named, cancel)).ToJsonString());
            }
            catch (FormatException e)
            {
                throw CommandFailure.Usage($"{named}: {e.Message}");
            }
        }
        else
        {
            manifest = (await client.Release(named, cancel)).Body.Manifest?.GetRawText() ?? throw CommandFailure.Usage($"The server does not tell the manifest of {named}.");
        }

        return Core.Registry.Release.Parse(name, manifest) switch
        {
            ReleaseResult.Parsed { Release.Serving.Protocol: "openai" } parsed => parsed.Release,
            ReleaseResult.Parsed parsed => throw CommandFailure.Usage($"Gates ask in the OpenAI protocol, and {name} speaks {parsed.Release.Serving.Protocol}."),
            ReleaseResult.Invalid invalid => throw CommandFailure.Usage($"{named}: {invalid.Error}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
