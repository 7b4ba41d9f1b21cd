using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Backstop.Core.Guards;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Inputs;

namespace Backstop.Gateway.Requests;

/// <summary>What the gateway reads out of a request in one pass; all other bytes are passed on untouched.</summary>
public sealed class ModelRequest
{
    // Beyond so many members a table finds one that is there twice sooner than looking at each.
    private const int FewMembers = 16;

    private readonly List<TextPlace> _places = new(4);
    private HashSet<string>? _names;
    private int _lone = -1;

    private ModelRequest(BodyBytes body, Dialect dialect, string? alias) => (Body, Dialect, Alias) = (body, dialect, alias);

    /// <summary>The body as it came.</summary>
    public BodyBytes Body { get; }

    public Dialect Dialect { get; }

    /// <summary>Who is asked.</summary>
    public string? Alias { get; internal set; }

    /// <summary>The name of the key it came with; empty where none was needed.</summary>
    public string Key { get; internal set; } = "";

    /// <summary>The release that its caller wishes for, where he may; null for none.</summary>
    internal TesterChoice? Wish { get; set; }

    public bool Stream { get; internal set; }

    /// <summary>The end user whom the caller names, if any.</summary>
    public string? User { get; internal set; }

    /// <summary>Where the model's name stands in the body, quotes included; null where the address says it.</summary>
    public Range? ModelValue { get; internal set; }

    /// <summary>Where a system message would stand: just behind the bracket that opens the conversation; null when it is none.</summary>
    public int? ConversationStart { get; internal set; }

    /// <summary>Where one more message would stand: just before the bracket that closes the conversation.</summary>
    public int ConversationEnd { get; internal set; }

    /// <summary>The only text of a conversation that is not a list of messages; null where it is a list, or none.</summary>
    public Range? LoneText => _lone < 0 ? null : _places[_lone].Value;

    /// <summary>Whether the conversation has no message.</summary>
    public bool ConversationEmpty { get; internal set; } = true;

    /// <summary>Where what it brings for the release's prompt stands in the body; null when it brings nothing.</summary>
    public Range? Variables { get; internal set; }

    /// <summary>The members of the body's object, by name: the member with its name and value.</summary>
    public List<(string Name, Range Member)> Members { get; } = new(8);

    /// <summary>What a release may override in it, and where it adds what is not there.</summary>
    public ParameterPlace Parameters { get; internal set; } = ParameterPlace.None;

    /// <summary>What its tensors hold as features; null where it has none.</summary>
    internal List<TensorFeature>? Features { get; set; }

    /// <summary>Whether the release's own prompt takes the place of what the caller put in as the system's words.</summary>
    internal bool PinsPrompt { get; set; }

    /// <summary>What is put in the place of values that no release should see.</summary>
    internal List<Splice.Edit> Repairs => field ??= [];

    /// <summary>Whether it has texts as a tokenizer left them, which no check can read.</summary>
    public bool HasTokens { get; internal set; }

    /// <summary>Where each text stands, and who says it.</summary>
    public IReadOnlyList<TextPlace> TextPlaces => _places;

    /// <summary>Every text, for the input checks; made when somebody asks for it.</summary>
    public IReadOnlyList<ScanUnit> Texts => field ??= _places.ConvertAll(p => ScanUnit.Input(TextAt(p), p.Role, p.Message));

    /// <summary>The first thing that is wrong with it although it is JSON; null when it may go on.</summary>
    public ApiError? Flaw { get; private set; }

    /// <summary>Reads a body.</summary>
    /// <param name="alias">Who is asked, where the address says it.</param>
    /// <exception cref="JsonException">It is not a JSON object in UTF-8, or nests deeper than 64 levels.</exception>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair.</exception>
    public static ModelRequest Read(BodyBytes body, Dialect dialect, string? alias = null)
    {
        if (!Utf8.IsValid(body.Memory.Span))
        {
            throw new JsonException("it is not valid UTF-8.");
        }

        var request = new ModelRequest(body, dialect, alias);
        var reader = new Utf8JsonReader(body.Memory.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("it must be an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var name = JsonText.Name(ref reader);
            if (request.Has(name))
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
    /// <exception cref="InvalidOperationException">It holds half a surrogate pair.</exception>
    internal void AddText(ref Utf8JsonReader reader, string role = "user", int message = -1) =>
        AddText(JsonText.Place(ref reader), role, message);

    internal void AddText(Range place, string role = "user", int message = -1) => _places.Add(new(place, role, message));

    /// <summary>The text that was added last is all that is said.</summary>
    internal void SaidAlone() => _lone = _places.Count - 1;

    /// <summary>Who says the texts from <paramref name="first"/> on became known behind them.</summary>
    internal void SaidBy(string role, int first)
    {
        foreach (ref var place in CollectionsMarshal.AsSpan(_places)[first..])
        {
            place = place with { Role = role };
        }
    }

    private string TextAt(TextPlace place) => place.IsSystem ? KnownPrompts.TextOf(Body.Memory.Span[place.Value]) : JsonText.At(Body.Memory.Span, place.Value);

    // Model servers differ in which of two members they believe, and some ignore case: what one of them would read
    // must be what was screened and what the release overrides.
    private bool Has(string name)
    {
        if (Members.Count >= FewMembers)
        {
            _names ??= new(Members.Select(m => m.Name), StringComparer.OrdinalIgnoreCase);
            return !_names.Add(name);
        }

        foreach (var (there, _) in Members)
        {
            if (there.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Where a text of a request stands in its body.</summary>
/// <param name="Value">Quotes included.</param>
/// <param name="Role">Who says it, as chat names it.</param>
/// <param name="Message">Index of its message, or -1 where there are none.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TextPlace(Range Value, string Role, int Message)
{
    /// <summary>Whether they are the system's words, as the caller puts them.</summary>
    public bool IsSystem => Role is "system" or "developer";
}

/// <summary>The part of a body in which a release's parameters stand.</summary>
/// <param name="Members">The ones the caller gave.</param>
/// <param name="At">Where others are added.</param>
/// <param name="Before">What stands before those that are added.</param>
/// <param name="After">What stands behind them.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ParameterPlace(IReadOnlyList<(string Name, Range Member)> Members, int At, string Before, string After)
{
    public static readonly ParameterPlace None = new([], 0, "", "");
}
