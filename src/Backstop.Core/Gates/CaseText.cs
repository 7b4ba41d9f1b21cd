using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Guards;

namespace Backstop.Core.Gates;

/// <summary>Reads what a line of cases asks and expects.</summary>
internal static class CaseText
{
    /// <summary>The messages: <c>messages</c> or <c>input</c> as a list or as text, or <c>prompt</c>.</summary>
    /// <exception cref="FormatException">There are none, or they have another form.</exception>
    public static ImmutableArray<GateMessage> Messages(PolicyNode node, string where)
    {
        var raw = node.Raw("messages") ?? node.Raw("input") ?? node.Raw("prompt") ?? throw new FormatException($"{where}: the case needs 'messages', 'input' or 'prompt'.");
        using var document = JsonDocument.Parse(raw);
        if (document.RootElement.ValueKind == JsonValueKind.String)
        {
            return [new("user", document.RootElement.GetString()!)];
        }

        try
        {
            return [.. document.RootElement.EnumerateArray().Select(m => new GateMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!))];
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException($"{where}: messages are a text, or a list of {{\"role\", \"content\"}}.", e);
        }
    }

    /// <summary>A text, a number or a list of them; empty when there is none.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ImmutableArray<string> Texts(string? raw, string where)
    {
        if (raw is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(raw);
        return document.RootElement.ValueKind switch
        {
            JsonValueKind.Array => [.. document.RootElement.EnumerateArray().Select(Text)],
            JsonValueKind.Object => throw new FormatException($"{where}: 'expected' is a text, a number, or a list of them."),
            _ => [Text(document.RootElement)],
        };
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
}
