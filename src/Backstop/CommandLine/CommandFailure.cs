namespace Backstop.CommandLine;

/// <summary>Ends a verb with a message for a person, an exit code, and the command to try next.</summary>
internal sealed class CommandFailure(string message, int exitCode = ExitCode.No, string? next = null, Exception? cause = null)
    : Exception(message, cause)
{
    /// <summary>One of <see cref="CommandLine.ExitCode"/>.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>A command line that helps, such as <c>backstop serve</c>; null when none does.</summary>
    public string? Next { get; } = next;

    /// <summary>The command line makes no sense; the message says what to write.</summary>
    public static CommandFailure Usage(string message) => new(message, CommandLine.ExitCode.Usage);
}
