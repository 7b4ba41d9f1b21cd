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
    public static byte[] For(ModelRequest request, Release release, ImmutableArray<string?> fixedTexts)
    {
        var edits = new List<Splice.Edit>();
        if (request.ModelValue is { } model)
        {
            edits.Add(Splice.Edit.Of(model, release.Serving.Model));
        }

        for (var i = 0; i < fixedTexts.Length; i++)
        {
            if (fixedTexts[i] is { } text)
            {
                edits.Add(Splice.Edit.Of(request.TextValues[i], text));
            }
        }

        if (release.SystemPrompt is { } prompt && request.ConversationStart is { } start)
        {
            var message = $"{{\"role\":\"system\",\"content\":{JsonSerializer.Serialize(prompt)}}}{(request.ConversationEmpty ? "" : ",")}";
            edits.Add(new(start, start, Encoding.UTF8.GetBytes(message)));
        }

        AddParameters(edits, request.Parameters, release);
        return Splice.Into(request.Body.Span, edits);
    }

    private static void AddParameters(List<Splice.Edit> edits, ParameterPlace place, Release release)
    {
        var added = new List<string>();
        foreach (var (name, value) in release.Parameters)
        {
            var text = $"{JsonSerializer.Serialize(name)}:{value}";
            var given = false;
            foreach (var (member, range) in place.Members)
            {
                if (string.Equals(member, name, StringComparison.OrdinalIgnoreCase))
                {
                    edits.Add(new(range.Start.Value, range.End.Value, Encoding.UTF8.GetBytes(text)));
                    given = true;
                }
            }

            if (!given)
            {
                added.Add(text);
            }
        }

        if (added.Count > 0)
        {
            edits.Add(new(place.At, place.At, Encoding.UTF8.GetBytes($"{place.Before}{string.Join(',', added)}{place.After}")));
        }
    }
}
