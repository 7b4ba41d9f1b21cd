using System.Collections.Immutable;
using System.Text;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Upstreams;

/// <summary>The body a release's model server gets: the caller's bytes with the release's own parts spliced in as they are sent.</summary>
public sealed class UpstreamBody
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly List<Splice.Edit> _edits = new(1);

    private UpstreamBody(ReadOnlyMemory<byte> body) => (_body, Length) = (body, body.Length);

    /// <summary>Bytes of it all.</summary>
    public int Length { get; private set; }

    /// <summary>Replaces the model's name and the texts the ring changed, puts the release's prompt first, overrides its parameters; copies everything else.</summary>
    /// <param name="prompt">What stands before the conversation; see <see cref="PromptPart.For"/>.</param>
    /// <param name="fixedTexts">For each text of the request what the release's ring made of it, null where it changed nothing; or empty.</param>
    /// <param name="remark">What the model is told of its last answer when it is asked again; null the first time.</param>
    public static UpstreamBody For(
        ModelRequest request, ReleaseParts release, byte[]? prompt, ImmutableArray<string?> fixedTexts, Remark? remark = null)
    {
        var body = new UpstreamBody(request.Body.Memory);
        if (request.ModelValue is { } model)
        {
            body.Add(new(model.Start.Value, model.End.Value, release.Model));
        }

        body.AddRepairs(request, release);
        for (var i = 0; i < fixedTexts.Length; i++)
        {
            if (fixedTexts[i] is { } text && request.TextPlaces[i].Role != PromptPart.Role && !(request.PinsPrompt && request.TextPlaces[i].IsSystem))
            {
                body.Add(Splice.Edit.Of(request.TextPlaces[i].Value, text));
            }
        }

        if (request.ConversationStart is { } start && prompt is not null)
        {
            body.Add(new(start, start, prompt));
        }

        if (request.LoneText is { } alone && prompt is not null)
        {
            // What is said alone becomes the second message of a list.
            body.Add(new(alone.Start.Value, alone.Start.Value, [(byte)'[', .. prompt, .. """{"role":"user","content":"""u8]));
            body.Add(new(alone.End.Value, alone.End.Value, "}]"u8.ToArray()));
        }

        if (remark is not null && request.ConversationStart is not null)
        {
            body.Add(new(request.ConversationEnd, request.ConversationEnd, remark.AsMessages(first: request.ConversationEmpty && prompt is null)));
        }

        if (request.Variables is not null)
        {
            body.Remove(request.Members, PromptPart.Member);
        }

        body.AddParameters(request.Parameters, release);
        body._edits.Sort(Splice.ByPlace);
        return body;
    }

    /// <summary>Writes it all, and returns its length.</summary>
    public int CopyTo(Span<byte> target)
    {
        var (length, position) = (0, 0);
        foreach (var (start, end, text) in _edits)
        {
            _body.Span[position..start].CopyTo(target[length..]);
            length += start - position;
            text.CopyTo(target[length..]);
            length += text.Length;
            position = end;
        }

        _body.Span[position..].CopyTo(target[length..]);
        return length + _body.Length - position;
    }

    /// <summary>The same in pieces, for what is too long to be copied.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        var position = 0;
        foreach (var (start, end, text) in _edits)
        {
            yield return _body[position..start];
            yield return text;
            position = end;
        }

        yield return _body[position..];
    }

    private void Add(Splice.Edit edit)
    {
        _edits.Add(edit);
        Length += edit.Text.Length - (edit.End - edit.Start);
    }

    // With the comma before it, or behind it where it is the first; a request has a model, so it is never alone.
    private void Remove(List<(string Name, Range Member)> members, string name)
    {
        var at = members.FindIndex(m => m.Name == name);
        var (start, end) = at > 0
            ? (members[at - 1].Member.End.Value, members[at].Member.End.Value)
            : (members[at].Member.Start.Value, members[at + 1].Member.Start.Value);
        Add(new(start, end, []));
    }

    private void AddRepairs(ModelRequest request, ReleaseParts release)
    {
        if (request.PinsPrompt)
        {
            foreach (var place in request.TextPlaces.Where(p => p.IsSystem))
            {
                Add(Splice.Edit.Of(place.Value, release.Prompt.Text ?? ""));
            }
        }

        foreach (var repair in request.Repairs)
        {
            Add(repair);
        }
    }

    private void AddParameters(ParameterPlace place, ReleaseParts release)
    {
        StringBuilder? added = null;
        foreach (var (name, member) in release.Parameters)
        {
            var given = false;
            foreach (var (there, range) in place.Members)
            {
                if (string.Equals(there, name, StringComparison.OrdinalIgnoreCase))
                {
                    Add(new(range.Start.Value, range.End.Value, Encoding.UTF8.GetBytes(member)));
                    given = true;
                }
            }

            if (!given)
            {
                added = added is null ? new(place.Before) : added.Append(',');
                added.Append(member);
            }
        }

        if (added is not null)
        {
            Add(new(place.At, place.At, Encoding.UTF8.GetBytes(added.Append(place.After).ToString())));
        }
    }
}
