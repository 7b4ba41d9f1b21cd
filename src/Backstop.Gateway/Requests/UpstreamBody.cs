using System.Collections.Immutable;
using System.Net;
using System.Text;

namespace Backstop.Gateway.Requests;

/// <summary>The body a release's model server gets: the caller's bytes with the release's own parts spliced in as they are sent.</summary>
public sealed class UpstreamBody : HttpContent
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly List<Splice.Edit> _edits = new(1);
    private int _length;

    private UpstreamBody(ReadOnlyMemory<byte> body)
    {
        (_body, _length) = (body, body.Length);
        Headers.TryAddWithoutValidation("Content-Type", "application/json");
    }

    /// <summary>Replaces the model's name and the texts the ring changed, puts the release's prompt first, overrides its parameters; copies everything else.</summary>
    /// <param name="fixedTexts">For each text of the request what the release's ring made of it, null where it changed nothing; or empty.</param>
    /// <param name="remark">What the model is told of its last answer when it is asked again; null the first time.</param>
    public static UpstreamBody For(ModelRequest request, ReleaseParts release, ImmutableArray<string?> fixedTexts, Remark? remark = null)
    {
        var body = new UpstreamBody(request.Body.Memory);
        if (request.ModelValue is { } model)
        {
            body.Add(new(model.Start.Value, model.End.Value, release.Model));
        }

        body.AddRepairs(request, release);
        for (var i = 0; i < fixedTexts.Length; i++)
        {
            if (fixedTexts[i] is { } text && !(request.PinsPrompt && request.TextPlaces[i].IsSystem))
            {
                body.Add(Splice.Edit.Of(request.TextPlaces[i].Value, text));
            }
        }

        if (request.ConversationStart is { } start && (request.ConversationEmpty ? release.Prompt : release.PromptBefore) is { } prompt)
        {
            body.Add(new(start, start, prompt));
        }

        if (remark is not null && request.ConversationStart is not null)
        {
            body.Add(new(request.ConversationEnd, request.ConversationEnd, remark.AsMessages(first: request.ConversationEmpty && release.Prompt is null)));
        }

        body.AddParameters(request.Parameters, release);
        body._edits.Sort(Splice.ByPlace);
        return body;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var position = 0;
        foreach (var (start, end, text) in _edits)
        {
            await stream.WriteAsync(_body[position..start], cancellationToken);
            await stream.WriteAsync(text, cancellationToken);
            position = end;
        }

        await stream.WriteAsync(_body[position..], cancellationToken);
    }

    private void Add(Splice.Edit edit)
    {
        _edits.Add(edit);
        _length += edit.Text.Length - (edit.End - edit.Start);
    }

    private void AddRepairs(ModelRequest request, ReleaseParts release)
    {
        if (request.PinsPrompt)
        {
            foreach (var place in request.TextPlaces.Where(p => p.IsSystem))
            {
                Add(Splice.Edit.Of(place.Value, release.PromptText ?? ""));
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
