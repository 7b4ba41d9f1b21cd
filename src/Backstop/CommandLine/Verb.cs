using System.CommandLine;

namespace Backstop.CommandLine;

/// <summary>A command whose help shows how it is used.</summary>
internal sealed class Verb(string name, string description) : Command(name, description)
{
    /// <summary>Whole command lines, each of which works as it stands.</summary>
    public IReadOnlyList<string> Examples { get; set; } = [];

    /// <summary>How long it may take to end after an interrupt or SIGTERM, before the process ends anyway.</summary>
    public TimeSpan TimeToEnd { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The option that every verb has: one JSON object on standard output instead of text.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON object on standard output." };
}
