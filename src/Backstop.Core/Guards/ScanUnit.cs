namespace Backstop.Core.Guards;

/// <summary>Who wrote a text, from the most to the least trusted. Checks are strictest where trust is lowest.</summary>
public enum Trust
{
    System,
    Developer,
    User,
    Untrusted,
}

/// <summary>One text to look at, with where it came from.</summary>
public sealed record ScanUnit(GuardStage Stage, string Text)
{
    /// <summary>The chat role, such as <c>user</c> or <c>assistant</c>.</summary>
    public string Role { get; init; } = "";

    /// <summary>Index among the request's messages, or -1 where there is none.</summary>
    public int MessageIndex { get; init; } = -1;

    /// <summary>Index among the answer's choices.</summary>
    public int ChoiceIndex { get; init; }

    public Trust Trust { get; init; } = Trust.User;

    /// <summary>A text of a request; what a tool returned is looked at as such.</summary>
    public static ScanUnit Input(string text, string role = "user", int messageIndex = -1) =>
        new(role is "tool" or "function" ? GuardStage.ToolResult : GuardStage.Input, text) { Role = role, MessageIndex = messageIndex, Trust = TrustOf(role) };

    public static ScanUnit Output(string text, int choiceIndex = 0) =>
        new(GuardStage.Output, text) { Role = "assistant", ChoiceIndex = choiceIndex, Trust = Trust.Untrusted };

    /// <summary>The trust a chat role has by itself: what a tool returns was written by nobody we know.</summary>
    public static Trust TrustOf(string role) => role switch
    {
        "system" => Trust.System,
        "developer" => Trust.Developer,
        "user" => Trust.User,
        _ => Trust.Untrusted,
    };
}
