using Backstop.Commands;
using Backstop.Core.Guards;

namespace Backstop.Hosting;

/// <summary>The guard policies that other gateways may ask for by name: files in the folder <c>policies</c> of the data directory.</summary>
internal static class PolicyFolder
{
    public const string Name = "policies";

    /// <summary>Every policy by its file's name without the ending; none where there is no folder.</summary>
    /// <exception cref="CommandLine.CommandFailure">A file is no policy; the message names it.</exception>
    public static IReadOnlyDictionary<string, GuardPolicy> Read(string folder) => !Directory.Exists(folder)
        ? new Dictionary<string, GuardPolicy>(StringComparer.Ordinal)
        : Directory.GetFiles(folder)
            .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json")
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => GuardCommand.Policy(new FileInfo(file)), StringComparer.Ordinal);
}
