using System.Text.Json;

namespace Backstop.Core.Guards.Checks;

/// <summary>Asks that the whole text is one JSON document.</summary>
public sealed class JsonSchemaCheck : ICheck
{
    public const string Name = "json_schema";

    private JsonSchemaCheck()
    {
    }

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Whole, 0, CanFix: false, [GuardStage.ToolArguments, GuardStage.ToolResult, GuardStage.Output], ["LLM05"]);

    public static JsonSchemaCheck Create(PolicyNode with) => new();

    public ICheckSession Open(CheckContext context) => new Session();

    private sealed class Session : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            try
            {
                JsonDocument.Parse(window.Text.ToString()).Dispose();
            }
            catch (JsonException)
            {
                sink.Report("syntax", "schema/syntax", HarmClass.Schema, 1, Severity.Medium, window.Origin, window.Text.Length);
            }

            return window.Text.Length;
        }
    }
}
