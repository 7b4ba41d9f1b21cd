using Backstop.Core.Guards.Json;

namespace Backstop.Core.Guards.Checks;

/// <summary>Asks that the whole text is one JSON document, and that it fits a schema where the policy gives one.</summary>
/// <remarks>
/// Text that is JSON but for its form comes with the edits of <see cref="JsonRepair"/>; they are proposed only when the
/// repaired document fits the schema too. A document of the wrong content has no repair: making one up is the model's task.
/// </remarks>
public sealed class JsonSchemaCheck : ICheck
{
    public const string Name = "json_schema";
    private readonly JsonSchema? _schema;

    private JsonSchemaCheck(JsonSchema? schema) => _schema = schema;

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Whole, 0, CanFix: true, [GuardStage.ToolArguments, GuardStage.ToolResult, GuardStage.Output], ["LLM05"]);

    public static JsonSchemaCheck Create(PolicyNode with)
    {
        try
        {
            return new JsonSchemaCheck(with.Raw("schema") is { } schema ? JsonSchema.Compile(schema) : null);
        }
        catch (JsonSchemaException e)
        {
            throw GuardPolicyException.At(with.Path + ".schema", e.Message);
        }
    }

    public ICheckSession Open(CheckContext context) => new Session(_schema);

    private sealed class Session(JsonSchema? schema) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            if (!window.Final)
            {
                return window.From;
            }

            var value = JsonParser.Parse(window.Text, out var error);
            if (value is null)
            {
                sink.Report(
                    "syntax", "schema/syntax", HarmClass.Schema, 1, Severity.Medium, window.Origin + error!.Position,
                    window.Text.Length - error.Position);
                Repair(window, sink);
            }
            else if (schema?.Validate(value) is { } violation)
            {
                sink.Report(
                    violation.Keyword, "schema/" + violation.Keyword, HarmClass.Schema, 1, Severity.Medium,
                    window.Origin + violation.Start, violation.End - violation.Start);
            }

            return window.Text.Length;
        }

        private void Repair(in ScanWindow window, FindingSink sink)
        {
            if (JsonRepair.Find(window.Text) is not { } edits)
            {
                return;
            }

            var repaired = JsonParser.Parse(EditMerger.Apply(window.Text, 0, edits), out _)!;
            if (schema?.Validate(repaired) is null)
            {
                foreach (var edit in edits)
                {
                    sink.Propose(window.Origin + edit.Start, edit.Length, edit.Replacement);
                }
            }
        }
    }
}
