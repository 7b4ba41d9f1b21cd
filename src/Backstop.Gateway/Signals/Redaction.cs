using System.Text.Json;
using Backstop.Core.Guards;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Signals;

/// <summary>Takes personal data out of a request and its answer before anything of them is kept.</summary>
/// <remarks>What cannot be redacted for certain is not kept at all.</remarks>
internal static class Redaction
{
    private static readonly Ring Ring = Ring.Compile(GuardPolicy.Parse(
        """{"name":"redaction","stages":{"output":{"checks":[{"use":"pii","action":"fix"}]}}}"""));

    /// <summary>The redacted sample, or null when a text could not be redacted.</summary>
    public static FailureSample? Of(IReadOnlyList<ScanUnit> texts, string answer, bool attack)
    {
        var messages = new List<object>(texts.Count);
        foreach (var text in texts.Where(t => t.Role != PromptPart.Role))
        {
            if (Redact(text.Text) is not { } redacted)
            {
                return null;
            }

            messages.Add(new { role = text.Role, content = redacted });
        }

        return Redact(answer) is { } clean ? new(JsonSerializer.Serialize(messages), clean, attack) : null;
    }

    /// <summary>The last that was said to the model and its answer, redacted; null when either could not be.</summary>
    public static (string Question, string Answer)? Of(IReadOnlyList<ScanUnit> texts, string answer) =>
        texts.LastOrDefault(t => t.Role == "user") is { Text: { } asked } && Redact(asked) is { } question && Redact(answer) is { } clean ? (question, clean) : null;

    private static string? Redact(string text)
    {
        var ruling = Ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output(text));
        return ruling.Stops || ruling.Errors.Length > 0 ? null : ruling.FixedText ?? text;
    }
}
