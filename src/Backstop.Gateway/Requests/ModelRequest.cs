using System.Text.Json;
using System.Text.Unicode;
using Backstop.Core.Guards;
using Backstop.Gateway.Dialects;

namespace Backstop.Gateway.Requests;

/// <summary>What the gateway reads out of a request in one pass; all other bytes are passed on untouched.</summary>
public sealed class ModelRequest
{
    private ModelRequest(ReadOnlyMemory<byte> body, Dialect dialect, string? alias) => (Body, Dialect, Alias) = (body, dialect, alias);

    /// <summary>The body as it came.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    public Dialect Dialect { get; }

    /// <summary>Who is asked.</summary>
    public string? Alias { get; internal set; }

    public bool Stream { get; internal set; }

    /// <summary>The end user whom the caller names, if any.</summary>
    public string? User { get; internal set; }

    /// <summary>Where the model's name stands in the body, quotes included; null where the address says it.</summary>
    public Range? ModelValue { get; internal set; }

    /// <summary>Where a system message would stand: just behind the bracket that opens the conversation; null when it is none.</summary>
    public int? ConversationStart { get; internal set; }

    /// <summary>Whether the conversation has no message.</summary>
    public bool ConversationEmpty { get; internal set; } = true;

    /// <summary>The members of the body's object, by name: the member with its name and value.</summary>
    public List<(string Name, Range Member)> Members { get; } = [];

    /// <summary>What a release may override in it, and where it adds what is not there.</summary>
    public ParameterPlace Parameters { get; internal set; } = ParameterPlace.None;

    /// <summary>Every text, for the input checks.</summary>
    public List<ScanUnit> Texts { get; } = [];

    /// <summary>Whether it has texts as a tokenizer left them, which no check can read.</summary>
    public bool HasTokens { get; internal set; }

    /// <summary>Where the value of each of <see cref="Texts"/> stands, quotes included.</summary>
    public List<Range> TextValues { get; } = [];

    /// <summary>The first thing that is wrong with it although it is JSON; null when it may go on.</summary>
    public ApiError? Flaw { get; private set; }

    /// <summary>Reads a body.</summary>
    /// <param name="alias">Who is asked, where the address says it.</param>
    /// <exception cref="JsonException">It is not a JSON object in UTF-8, or nests deeper than 64 levels.</exception>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair.</exception>
    public static ModelRequest Read(ReadOnlyMemory<byte> body, Dialect dialect, string? alias = null)
    {
        if (!Utf8.IsValid(body.Span))
        {
            throw new JsonException("it is not valid UTF-8.");
        }

        // Model servers differ in which of two members they believe, and some ignore case: what one of them would read
        // must be what was screened and what the release overrides.
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var request = new ModelRequest(body, dialect, alias);
        var reader = new Utf8JsonReader(body.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("it must be an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var name = reader.GetString()!;
            if (!names.Add(name))
            {
                request.Flaw ??= ApiError.DuplicateMember(name);
            }

            reader.Read();
            dialect.ReadMember(name, ref reader, request);
            request.Members.Add((name, start..(int)reader.BytesConsumed));
        }

        if (reader.TokenType != JsonTokenType.EndObject || reader.Read())
        {
            throw new JsonException("something follows the object.");
        }

        dialect.Complete(request);
        return request;
    }

    /// <summary>Notes what is wrong, unless something was before.</summary>
    internal void Refuse(ApiError flaw) => Flaw ??= flaw;

    /// <summary>Notes that a field is not what it must be, unless it <paramref name="holds"/>.</summary>
    internal void Expect(bool holds, string name, string what)
    {
        if (!holds)
        {
            Refuse(ApiError.InvalidRequest($"The '{name}' field must be {what}.", name));
        }
    }

    /// <summary>Notes the string the reader stands on as a text of the request.</summary>
    internal void AddText(ref Utf8JsonReader reader, int index)
    {
        Texts.Add(ScanUnit.Input(reader.GetString()!, messageIndex: index));
        TextValues.Add((int)reader.TokenStartIndex..(int)reader.BytesConsumed);
    }
}

/// <summary>The part of a body in which a release's parameters stand.</summary>
/// <param name="Members">The ones the caller gave.</param>
/// <param name="At">Where others are added.</param>
/// <param name="Before">What stands before those that are added.</param>
/// <param name="After">What stands behind them.</param>
public sealed record ParameterPlace(IReadOnlyList<(string Name, Range Member)> Members, int At, string Before, string After)
{
    public static readonly ParameterPlace None = new([], 0, "", "");
}
