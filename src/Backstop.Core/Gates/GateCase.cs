using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>One question that a release must answer well. Holds redacted text only.</summary>
/// <param name="Id">Names the case inside its gate.</param>
/// <param name="Messages">What is asked, redacted, oldest first; without the system prompt, which the release brings.</param>
/// <param name="Expected">The right answer, or null when only the checks judge.</param>
public sealed record GateCase(string Id, ImmutableArray<GateMessage> Messages, string? Expected);

/// <summary>One message of a conversation.</summary>
/// <param name="Role">The chat role, such as <c>user</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record GateMessage(string Role, string Content);

/// <summary>What became of one answer.</summary>
public abstract record RunOutcome
{
    private RunOutcome()
    {
    }

    /// <summary>It met every check.</summary>
    public sealed record Passed : RunOutcome
    {
        /// <summary>There is only one way to pass.</summary>
        public static Passed Instance { get; } = new();
    }

    /// <summary>It did not.</summary>
    /// <param name="Check">The check it failed: the ring's check by its id, or <c>expected</c>.</param>
    public sealed record Failed(string Check) : RunOutcome;

    /// <summary>Nobody knows: there was no answer, or a check could not be run.</summary>
    public sealed record Unknown(string Reason) : RunOutcome;
}
