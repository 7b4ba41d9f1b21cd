using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Gateway.Requests;

/// <summary>The body a release's model server gets: the caller's bytes with the release's own parts spliced in.</summary>
public static class UpstreamBody
{
    /// <summary>Replaces the model's name and the texts the ring changed, puts the release's prompt first, overrides its parameters; copies everything else.</summary>
    /// <param name="fixedTexts">For each text of the request what the release's ring made of it, null where it changed nothing; or empty.</param>
    public static byte[] For(ChatRequest request, Release release, ImmutableArray<string?> fixedTexts)
    {
        var body = request.Body.Span;
        var edits = new List<(int Start, int End, byte[] Text)>
        {
            (request.ModelValue.Start.Value, request.ModelValue.End.Value, JsonSerializer.SerializeToUtf8Bytes(release.Serving.Model)),
        };
        for (var i = 0; i < fixedTexts.Length; i++)
        {
            if (fixedTexts[i] is { } text)
            {
                var value = request.TextValues[i];
                edits.Add((value.Start.Value, value.End.Value, JsonSerializer.SerializeToUtf8Bytes(text)));
            }
        }

        if (release.SystemPrompt is { } prompt && request.MessagesStart >= 0)
        {
            var message = $"{{\"role\":\"system\",\"content\":{JsonSerializer.Serialize(prompt)}}}{(request.MessagesEmpty ? "" : ",")}";
            edits.Add((request.MessagesStart, request.MessagesStart, Encoding.UTF8.GetBytes(message)));
        }

        foreach (var (name, value) in release.Parameters)
        {
            edits.Add(Override(request, name, value));
        }

        return Splice(body, edits);
    }

    private static (int Start, int End, byte[] Text) Override(ChatRequest request, string name, string value)
    {
        var text = Encoding.UTF8.GetBytes($"{JsonSerializer.Serialize(name)}:{value}");
        foreach (var (member, range) in request.Members)
        {
            if (string.Equals(member, name, StringComparison.OrdinalIgnoreCase))
            {
                return (range.Start.Value, range.End.Value, text);
            }
        }

        // A request always has a model, so a new member can stand before the first one.
        var first = request.Members[0].Member.Start.Value;
        return (first, first, [.. text, (byte)',']);
    }

    private static byte[] Splice(ReadOnlySpan<byte> body, List<(int Start, int End, byte[] Text)> edits)
    {
        var result = new ArrayBufferWriter<byte>(body.Length + edits.Sum(e => e.Text.Length));
        var position = 0;
        foreach (var (start, end, text) in edits.OrderBy(e => e.Start).ThenBy(e => e.End))
        {
            result.Write(body[position..start]);
            result.Write(text);
            position = end;
        }

        result.Write(body[position..]);
        return result.WrittenSpan.ToArray();
    }
}
