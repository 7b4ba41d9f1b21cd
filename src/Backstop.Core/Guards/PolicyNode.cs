using System.Text.Json;
using Backstop.Core.Text;

namespace Backstop.Core.Guards;

/// <summary>One object of a policy document. It remembers which keys were asked for, so that the others are errors.</summary>
public sealed class PolicyNode
{
    private readonly JsonElement _element;
    private readonly HashSet<string> _known = [];

    private PolicyNode(JsonElement element, string path)
    {
        (_element, Path) = (element, path);
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path, "an object", element);
        }
    }

    /// <summary>Where this object stands in the document, such as <c>stages.input.checks[0]</c>.</summary>
    public string Path { get; }

    public static PolicyNode Parse(string json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return new PolicyNode(document.RootElement.Clone(), path);
        }
        catch (JsonException e)
        {
            throw new GuardPolicyException(
                $"{path}: this is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}): {e.Message}", e);
        }
    }

    public string? Text(string key) => Read(key, JsonValueKind.String, "a text")?.GetString();

    public bool? Flag(string key) => Find(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(At(key), "true or false", other),
    };

    public int? Integer(string key, int least, int most)
    {
        if (Number(key, least, most) is not { } number)
        {
            return null;
        }

        return number == Math.Floor(number) ? (int)number : throw GuardPolicyException.At(At(key), "must be a whole number.");
    }

    public double? Number(string key, double least, double most)
    {
        if (Read(key, JsonValueKind.Number, "a number") is not { } value)
        {
            return null;
        }

        var number = value.GetDouble();
        return number >= least && number <= most
            ? number
            : throw GuardPolicyException.At(At(key), $"must be from {least} to {most}, not {number}.");
    }

    /// <summary>A word out of a list, or null when the key is absent.</summary>
    public string? Choice(string key, params ReadOnlySpan<string> allowed)
    {
        if (Text(key) is not { } word)
        {
            return null;
        }

        return allowed.Contains(word) ? word : throw Unknown(At(key), word, allowed.ToArray());
    }

    public IReadOnlyList<string>? Texts(string key)
    {
        if (Read(key, JsonValueKind.Array, "a list of texts") is not { } list)
        {
            return null;
        }

        return [.. list.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong(At(key), "a list of texts", item))];
    }

    /// <summary>All members of this object, whatever they are called; each must be a text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> AllTexts() =>
        [.. _element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, Text(member.Name)!))];

    /// <summary>All members of this object, whatever they are called; each must be a number.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AllNumbers(double least = double.MinValue, double most = double.MaxValue) =>
        [.. _element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, Number(member.Name, least, most)!.Value))];

    /// <summary>All members of this object, whatever they are called; each must be a list of texts.</summary>
    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> AllLists() =>
        [.. _element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, Texts(member.Name)!))];

    /// <summary>All members of this object, whatever they are called; each must be an object.</summary>
    public IReadOnlyList<KeyValuePair<string, PolicyNode>> AllNodes() =>
        [.. _element.EnumerateObject().Select(member => KeyValuePair.Create(member.Name, Node(member.Name)!))];

    /// <summary>The JSON under a key as it stands, or null when the key is absent.</summary>
    public string? Raw(string key) => Find(key)?.GetRawText();

    public PolicyNode? Node(string key) => Find(key) is { } value ? new PolicyNode(value, At(key)) : null;

    public IEnumerable<PolicyNode> Nodes(string key)
    {
        if (Read(key, JsonValueKind.Array, "a list") is not { } list)
        {
            return [];
        }

        return list.EnumerateArray().Select((item, index) => new PolicyNode(item, $"{At(key)}[{index}]"));
    }

    /// <summary>The keys that were asked for so far.</summary>
    internal IReadOnlyCollection<string> Known => _known;

    /// <summary>Ends the reading of this object: a key nobody asked for is an error.</summary>
    public void Done()
    {
        foreach (var property in _element.EnumerateObject())
        {
            if (!_known.Contains(property.Name))
            {
                throw Unknown(At(property.Name), property.Name, _known);
            }
        }
    }

    internal static GuardPolicyException Unknown(string path, string word, IReadOnlyCollection<string> allowed) => GuardPolicyException.At(
        path, $"'{word}' is not known.{Suggestion.For(word, allowed)} Known: {string.Join(", ", allowed.Order(StringComparer.Ordinal))}.");

    private string At(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    private JsonElement? Find(string key)
    {
        _known.Add(key);
        return _element.TryGetProperty(key, out var value) ? value : null;
    }

    private JsonElement? Read(string key, JsonValueKind kind, string expected)
    {
        var value = Find(key);
        return value is null || value.Value.ValueKind == kind ? value : throw Wrong(At(key), expected, value.Value);
    }

    private static GuardPolicyException Wrong(string path, string expected, JsonElement found) =>
        GuardPolicyException.At(path.Length == 0 ? "policy" : path, $"must be {expected}, not {found.ValueKind.ToString().ToLowerInvariant()}.");
}
