using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Gates;
using Backstop.Core.Guards;

namespace Backstop.Core.Incidents;

/// <summary>One failing request, redacted.</summary>
/// <param name="Release">Digest of the release that failed.</param>
/// <param name="RequestId">The request, so that it is kept once.</param>
/// <param name="Outcome">What failed: an outcome by name.</param>
/// <param name="Messages">What was asked, without the system prompt.</param>
/// <param name="Answer">What was answered.</param>
/// <param name="Expected">The right answer, when somebody named one.</param>
/// <param name="Attack">Whether the input checks flagged the request.</param>
public sealed record IncidentSample(
    string Release, string RequestId, string Outcome, ImmutableArray<GateMessage> Messages, string Answer, string? Expected, bool Attack)
{
    /// <summary>Reads an OpenAI messages array; null when it is none or holds more than text.</summary>
    /// <remarks>System messages are left out: the release under test brings its own.</remarks>
    public static ImmutableArray<GateMessage>? ReadMessages(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var messages = ImmutableArray.CreateBuilder<GateMessage>();
            foreach (var message in document.RootElement.EnumerateArray())
            {
                var role = message.GetProperty("role").GetString();
                if (role is "system" or "developer")
                {
                    continue;
                }

                messages.Add(new(role ?? "user", TextOf(message.GetProperty("content"))));
            }

            return messages.Count > 0 ? messages.ToImmutable() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static string TextOf(JsonElement content) => content.ValueKind == JsonValueKind.Array
        ? string.Concat(content.EnumerateArray().Select(part => part.GetProperty("text").GetString()))
        : content.GetString() ?? throw new InvalidOperationException("A message without text cannot be asked again.");
}

/// <summary>The second look at captured text, by another process than the one that redacted it. It only ever refuses.</summary>
/// <remarks>
/// Text is redacted where it is captured. Masks get lost on the way from one path to the next, so nothing is stored before
/// it was looked at again, and what does not look clean is dropped whole: a lost sample costs a case, a stored address
/// cannot be taken back.
/// </remarks>
public static class RedactionCheck
{
    private static readonly Ring Pii = Ring.Compile(GuardPolicy.Parse(
        """{ "apiVersion": "backstop/v1", "name": "redaction", "stages": { "output": { "checks": [ { "use": "pii", "action": "block" } ] } } }"""));

    /// <summary>Whether nothing in the sample looks like personal data.</summary>
    public static bool Clears(IncidentSample sample) =>
        sample.Messages.All(m => IsClean(m.Content) && IsClean(m.Role))
        && IsClean(sample.Answer)
        && (sample.Expected is null || IsClean(sample.Expected))
        && IsClean(sample.RequestId)
        && IsClean(sample.Outcome);

    // One screening per text: a check may not see two texts as one. A check that failed stops the text.
    private static bool IsClean(string text) =>
        Pii.Open(RingContext.None).ScreenOutput(ScanUnit.Output(text)) is { Stops: false, Findings.IsEmpty: true, Errors.IsEmpty: true };
}
