using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Prompts;
using Backstop.Prompts;

namespace Backstop.Gateway.Requests;

/// <summary>The messages a release puts before a conversation: the same for all, made once, or filled in with what a request brings as <c>variables</c>.</summary>
public sealed class PromptPart
{
    /// <summary>The member of a request that holds them. It is Backstop's and no model server's.</summary>
    public const string Member = "variables";

    /// <summary>Who says a text in them, for the checks: written by nobody we know.</summary>
    public const string Role = "variable";

    private readonly PromptTemplate? _template;
    private readonly byte[]? _alone;
    private readonly byte[]? _before;

    /// <summary>Of a release that says nothing before a conversation.</summary>
    public static readonly PromptPart None = new(null);

    /// <exception cref="PromptException">Its templates cannot be used.</exception>
    public PromptPart(Prompt? prompt)
    {
        FixedText = prompt is null ? null : string.Join('\n', prompt.FixedTexts);
        if (prompt is { IsTemplate: true })
        {
            _template = PromptTemplate.Compile(prompt);
        }
        else if (prompt is not null)
        {
            Text = prompt.Messages is [var only] ? only.Text : null;
            _alone = Written(prompt.Messages);
            _before = [.. _alone, (byte)','];
        }
    }

    /// <summary>The one text that every request gets; null where there is none, or another for each.</summary>
    public string? Text { get; }

    /// <summary>What stands in it whatever is filled in; null where there is no prompt.</summary>
    public string? FixedText { get; }

    /// <summary>What a request lacks to be asked with this prompt; null when nothing.</summary>
    public string? Missing(ModelRequest request) =>
        _template is null || !TakesPrompt(request) ? null : _template.Missing(Given(request, ImmutableArray<string?>.Empty));

    /// <summary>The messages as they stand in front of a request's own; null when there are none to put there, with the reason when that is a failure.</summary>
    /// <param name="fixedTexts">For each text of the request what the release's ring made of it, null where it changed nothing; or empty.</param>
    public (byte[]? Messages, string? Refused) For(ModelRequest request, ImmutableArray<string?> fixedTexts)
    {
        if (!TakesPrompt(request))
        {
            return (null, null);
        }

        var alone = request.ConversationEmpty && request.LoneText is null;
        if (_template is null)
        {
            return (alone ? _alone : _before, null);
        }

        var (messages, refused) = _template.Render(Given(request, fixedTexts));
        return refused is not null ? (null, refused)
            : alone ? (Written(messages), null)
            : ([.. Written(messages), (byte)','], null);
    }

    private static bool TakesPrompt(ModelRequest request) => request.ConversationStart is not null || request.LoneText is not null;

    private static byte[] Written(ImmutableArray<PromptMessage> messages) =>
        JsonSerializer.SerializeToUtf8Bytes(messages.Select(m => new { role = m.Role, content = m.Text }))[1..^1];

    // As the ring leaves them: what it took out of a variable must not come back through the template.
    private static JsonElement Given(ModelRequest request, ImmutableArray<string?> fixedTexts)
    {
        if (request.Variables is not { } place)
        {
            return default;
        }

        var edits = new List<Splice.Edit>();
        for (var i = 0; i < fixedTexts.Length; i++)
        {
            if (fixedTexts[i] is { } text && request.TextPlaces[i].Role == Role)
            {
                var value = request.TextPlaces[i].Value;
                edits.Add(Splice.Edit.Of((value.Start.Value - place.Start.Value)..(value.End.Value - place.Start.Value), text));
            }
        }

        var json = request.Body.Memory[place];
        return JsonElement.Parse(edits.Count == 0 ? json.Span : Splice.Into(json.Span, edits));
    }
}
