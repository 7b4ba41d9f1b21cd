using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Text;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>One object of a case. A null is the same as a key that is not there, because exporters write nulls.</summary>
/// <remarks>A key that nobody asked for is an error when it looks like a slip of one that is known, and a note otherwise.</remarks>
internal sealed class CaseNode
{
    private readonly JsonElement _element;
    private readonly List<string> _notes;
    private readonly List<string> _known = [];

    public CaseNode(JsonElement element, string path, List<string> notes)
    {
        (_element, Path, _notes) = (element, path, notes);
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path, "an object", element);
        }
    }

    /// <summary>Where it stands in the document, such as <c>signals[0]</c>.</summary>
    public string Path { get; }

    public void Note(string note) => _notes.Add(note);

    public string? Text(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => throw Wrong(At(key), "a text", other),
    };

    public bool? Flag(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(At(key), "true or false", other),
    };

    public double? Number(string key, double least, double most) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number => Between(At(key), number.GetDouble(), least, most),
        { } other => throw Wrong(At(key), "a number", other),
    };

    public DateTimeOffset? Time(string key) => Text(key) switch
    {
        null => null,
        { } text when _element.GetProperty(key).TryGetDateTimeOffset(out var time) => time,
        { } text => throw new FormatException($"{At(key)} must be a time such as 2026-11-20T12:00:00Z, not '{text}'."),
    };

    public ImmutableArray<string>? Texts(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong(At(key), "a list of texts", item))],
        { } other => throw Wrong(At(key), "a list of texts", other),
    };

    public CaseNode? Node(string key) => Find(key) is { } value ? new(value, At(key), _notes) : null;

    /// <summary>An object, or a bare number for which one value of the object stands.</summary>
    public (CaseNode? Node, double? Number) NodeOrNumber(string key) => Find(key) switch
    {
        { ValueKind: JsonValueKind.Number } number => (null, number.GetDouble()),
        { } value => (new(value, At(key), _notes), null),
        null => (null, null),
    };

    public IEnumerable<CaseNode> Nodes(string key) => Find(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Select((item, i) => new CaseNode(item, $"{At(key)}[{i}]", _notes)),
        { } other => throw Wrong(At(key), "a list", other),
    };

    /// <summary>Ends the reading of this object.</summary>
    /// <param name="ignored">Keys that are nobody's business here.</param>
    public void Done(params ReadOnlySpan<string> ignored)
    {
        foreach (var key in _element.EnumerateObject())
        {
            if (_known.Contains(key.Name) || ignored.Contains(key.Name))
            {
                continue;
            }

            if (Suggestion.For(key.Name, _known) is { Length: > 0 } suggestion)
            {
                throw new FormatException($"Unknown key '{At(key.Name)}'.{suggestion}");
            }

            _notes.Add($"the key {At(key.Name)} is not known and was ignored");
        }
    }

    private JsonElement? Find(string key)
    {
        _known.Add(key);
        return _element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private string At(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private static double Between(string where, double number, double least, double most) => number >= least && number <= most
        ? number
        : throw new FormatException($"{where} must be {(most == double.MaxValue ? $"at least {least}" : $"from {least} to {most}")}, not {number}.");

    private static FormatException Wrong(string where, string expected, JsonElement found) =>
        new($"{(where.Length == 0 ? "A case" : where)} must be {expected}, not {found.ValueKind.ToString().ToLowerInvariant()}.");
}
