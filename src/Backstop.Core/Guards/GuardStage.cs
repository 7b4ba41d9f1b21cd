namespace Backstop.Core.Guards;

/// <summary>Where on its way through the gateway a text is looked at.</summary>
public enum GuardStage
{
    Input,
    Retrieval,
    ToolArguments,
    ToolResult,
    Output,
    Reasoning,
}

/// <summary>The names of the stages in documents and on the command line.</summary>
public static class GuardStages
{
    public static IReadOnlyDictionary<string, GuardStage> ByKey { get; } = new Dictionary<string, GuardStage>(StringComparer.Ordinal)
    {
        ["input"] = GuardStage.Input,
        ["retrieval"] = GuardStage.Retrieval,
        ["tool_args"] = GuardStage.ToolArguments,
        ["tool_result"] = GuardStage.ToolResult,
        ["output"] = GuardStage.Output,
        ["reasoning"] = GuardStage.Reasoning,
    };

    public static string KeyOf(GuardStage stage) => ByKey.First(pair => pair.Value == stage).Key;
}
