using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Backstop.Core.Gates.Outside;

/// <summary>What an outside check is told.</summary>
/// <param name="Case">Names the case.</param>
/// <param name="Messages">What was asked, oldest first.</param>
/// <param name="Expected">The right answers; empty when the case names none.</param>
/// <param name="Answer">What the release answered.</param>
public sealed record OutsideQuestion(string Case, ImmutableArray<GateMessage> Messages, ImmutableArray<string> Expected, ModelAnswer Answer)
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,

        // Read by programs and models, never by a browser: text stays text.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>One JSON object on one line: <c>case</c>, <c>messages</c>, <c>expected</c>, <c>answer</c>, <c>tool_calls</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(new { Case, Messages, Expected, Answer = Answer.Text, ToolCalls = Answer.Calls }, Options);
}
