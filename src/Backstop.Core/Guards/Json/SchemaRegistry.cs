namespace Backstop.Core.Guards.Json;

/// <summary>A schema with an identifier of its own, and the names inside it that references use.</summary>
internal sealed class SchemaResource(Uri uri, JsonValue root)
{
    public Uri Uri { get; } = uri;

    public JsonValue Root { get; } = root;

    /// <summary>Whether its dialect has the validation vocabulary; without, <c>type</c> and its kind mean nothing.</summary>
    public bool Validates { get; set; } = true;

    public Dictionary<string, JsonValue> Anchors { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, JsonValue> DynamicAnchors { get; } = new(StringComparer.Ordinal);
}

/// <summary>Finds the schemas that references mean, among the documents at hand.</summary>
internal sealed class SchemaRegistry(IReadOnlyDictionary<string, string> documents)
{
    public static readonly Uri DefaultUri = new("https://backstop.invalid/schema");
    private const string ValidationVocabulary = "https://json-schema.org/draft/2020-12/vocab/validation";

    private readonly Dictionary<string, SchemaResource> _resources = new(StringComparer.Ordinal);
    private readonly Dictionary<JsonValue, SchemaResource> _homes = new(ReferenceEqualityComparer.Instance);

    public static JsonValue Parse(string json, string name) =>
        JsonParser.Parse(json, out var error)
            ?? throw new JsonSchemaException($"{name} is not JSON: at character {error!.Position}, {error.Message}.");

    /// <summary>Takes up a document and every resource embedded in it.</summary>
    public SchemaResource Load(Uri uri, JsonValue root)
    {
        var resource = new SchemaResource(uri, root);
        _resources[uri.AbsoluteUri] = resource;
        Walk(root, resource);
        return _homes.GetValueOrDefault(root, resource);
    }

    /// <summary>The resource a schema belongs to; that of its parent where it was not reached as a schema before.</summary>
    public SchemaResource HomeOf(JsonValue schema, SchemaResource parent) => _homes.GetValueOrDefault(schema, parent);

    /// <summary>Finds the schema a reference means, seen from the resource it stands in.</summary>
    public (JsonValue Schema, SchemaResource Home) Resolve(string reference, SchemaResource home)
    {
        var hash = reference.IndexOf('#', StringComparison.Ordinal);
        var (address, fragment) = hash < 0 ? (reference, "") : (reference[..hash], Uri.UnescapeDataString(reference[(hash + 1)..]));
        var resource = address.Length == 0 ? home : Find(Absolute(address, home.Uri), reference);
        if (fragment.Length == 0)
        {
            return (resource.Root, resource);
        }

        if (fragment[0] == '/')
        {
            return Follow(fragment, resource, reference);
        }

        return resource.Anchors.TryGetValue(fragment, out var schema)
            ? (schema, resource)
            : throw new JsonSchemaException($"'{reference}' refers to an anchor that does not exist.");
    }

    private SchemaResource Find(Uri uri, string reference)
    {
        var key = uri.AbsoluteUri;
        if (_resources.TryGetValue(key, out var known))
        {
            return known;
        }

        var text = documents.GetValueOrDefault(key) ?? MetaSchema.Documents.GetValueOrDefault(key)
            ?? throw new JsonSchemaException($"'{reference}' refers to {key}, which was not given. Nothing is fetched: add it to the documents.");
        return Load(uri, Parse(text, key));
    }

    private (JsonValue Schema, SchemaResource Home) Follow(string pointer, SchemaResource resource, string reference)
    {
        var (value, home) = (resource.Root, resource);
        foreach (var part in pointer[1..].Split('/'))
        {
            var name = part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            var next = value switch
            {
                JsonValue.Map map => map.Find(name),
                JsonValue.List list when int.TryParse(name, out var index) && index < list.Items.Count => list.Items[index],
                _ => null,
            };
            value = next ?? throw new JsonSchemaException($"'{reference}' points to nothing.");
            home = _homes.GetValueOrDefault(value, home);
        }

        return (value, home);
    }

    private void Walk(JsonValue schema, SchemaResource home)
    {
        if (schema is not JsonValue.Map map)
        {
            return;
        }

        if (map.Find("$id") is JsonValue.Text id)
        {
            var uri = Absolute(id.Value.TrimEnd('#'), home.Uri);
            if (!ReferenceEquals(home.Root, schema) || uri.AbsoluteUri != home.Uri.AbsoluteUri)
            {
                home = new SchemaResource(uri, schema) { Validates = home.Validates };
                _resources[uri.AbsoluteUri] = home;
            }
        }

        _homes[schema] = home;
        if (map.Find("$schema") is JsonValue.Text dialect)
        {
            home.Validates = HasValidation(dialect.Value, home);
        }

        Name(map.Find("$anchor"), schema, home.Anchors);
        Name(map.Find("$dynamicAnchor"), schema, home.Anchors);
        Name(map.Find("$dynamicAnchor"), schema, home.DynamicAnchors);
        foreach (var child in Subschemas.Of(map))
        {
            Walk(child, home);
        }
    }

    private bool HasValidation(string dialect, SchemaResource home)
    {
        var uri = Absolute(dialect.TrimEnd('#'), home.Uri);
        if (MetaSchema.Documents.ContainsKey(uri.AbsoluteUri) || !documents.ContainsKey(uri.AbsoluteUri))
        {
            return true;
        }

        var meta = Find(uri, dialect).Root as JsonValue.Map;
        return meta?.Find("$vocabulary") is not JsonValue.Map vocabulary || vocabulary.Find(ValidationVocabulary) is not null;
    }

    private static void Name(JsonValue? name, JsonValue schema, Dictionary<string, JsonValue> names)
    {
        if (name is JsonValue.Text text)
        {
            names[text.Value] = schema;
        }
    }

    private static Uri Absolute(string reference, Uri from) =>
        Uri.TryCreate(from, reference, out var uri) ? uri : throw new JsonSchemaException($"'{reference}' is not a URI.");
}

/// <summary>The places in a schema where other schemas stand.</summary>
internal static class Subschemas
{
    private static readonly string[] Single =
    [
        "additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else", "unevaluatedItems",
        "unevaluatedProperties", "contentSchema",
    ];

    private static readonly string[] Lists = ["allOf", "anyOf", "oneOf", "prefixItems"];

    private static readonly string[] Maps = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

    public static IEnumerable<JsonValue> Of(JsonValue.Map schema) =>
        Single.Select(schema.Find).OfType<JsonValue>()
            .Concat(Lists.Select(schema.Find).OfType<JsonValue.List>().SelectMany(list => list.Items))
            .Concat(Maps.Select(schema.Find).OfType<JsonValue.Map>().SelectMany(map => map.Members.Select(member => member.Value)));
}
